"""The canonical records behind the entries of the log: what was kept, where, when, without saying of whom.

A record is a flat RFC 8785 object; the entry of the log is its SHA-256. The facts about an item enter by a digest
under 16 random bytes of salt, so that whoever has the record cannot guess a patient from it, and whoever has the
record and the facts can show that they belong together. Records are handed out with proofs; their fields are
described for strangers in docs/proofs.md.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, TypeAlias

from repository.canonical import GREATEST, NotCanonical, parse
from repository.evidence.errors import RecordMalformed

VERSION = 1
SALT_SIZE = 16
LONGEST_RECORD = 4096

_DIGEST = r"[0-9a-f]{64}"
_PATTERNS = {
    "archive": r"[a-z0-9][a-z0-9._-]{0,63}",
    "takeover": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "kind": r"[a-z0-9][a-z0-9 -]{0,63}",
    "event": r"[a-z0-9][a-z0-9 -]{0,63}",
    "outcome": r"[a-z0-9][a-z0-9 -]{0,63}",
    "object": r"[a-z0-9][a-z0-9._/-]{0,511}",
    "at": r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z",
    "sha256": _DIGEST,
    "sealed_sha256": _DIGEST,
    "facts_sha256": _DIGEST,
    "salt": r"[0-9a-f]{32}",
}
_NUMBERS = ("length", "number", "offset", "ordinal", "size")
_SHARED = ("archive", "at", "facts_sha256", "salt")
_HOLDING = ("kind", "length", "object", "offset", "ordinal", "sealed_sha256", "sha256", "size", "takeover")
_CUSTODY = ("event", "ordinal", "outcome", "takeover")
_DEED = ("event", "number", "outcome")


def _form(*names: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """The text fields of a record type, and one pattern for all of them, joined by newlines: one match is fast."""
    texts = tuple(sorted(name for name in names if name not in _NUMBERS))
    return texts, re.compile("\n".join(f"(?:{_PATTERNS[name]})" for name in texts), re.ASCII)


_TYPES = {"holding": _HOLDING, "custody": _CUSTODY, "deed": _DEED}
_FORMS = {name: _form(*_SHARED, *fields) for name, fields in _TYPES.items()}
_FIELDS = {name: frozenset(("v", "type", *_SHARED, *fields)) for name, fields in _TYPES.items()}


def _template(names: Iterable[str]) -> str:
    """The canonical form of a record, to be filled in: its texts are of characters that nothing escapes."""
    members = (
        f'"{name}":%({name})d' if name in (*_NUMBERS, "v") else f'"{name}":"%({name})s"' for name in sorted(names)
    )
    return f"{{{','.join(members)}}}"


_TEMPLATES = {name: _template(fields) for name, fields in _FIELDS.items()}


def entry(record: bytes) -> bytes:
    """The entry of the log that commits to `record`: 32 bytes."""
    return sha256(record).digest()


def commitment(facts: bytes, salt: bytes) -> bytes:
    return sha256(salt + facts).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every record says; `at` is UTC with Z."""

    type: ClassVar[str]

    archive: str
    at: str
    facts_sha256: bytes
    salt: bytes

    def commits_to(self, facts: bytes) -> bool:
        """Whether these are the facts (or the detail of the event) that the record was made of."""
        return commitment(facts, self.salt) == self.facts_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingRecord(Record):
    """One kept item: `size` and `sha256` as received, `sealed_sha256` of `length` bytes at `offset` as stored."""

    type = "holding"

    takeover: str
    ordinal: int
    kind: str
    size: int
    sha256: bytes
    sealed_sha256: bytes
    object_id: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyRecord(Record):
    """Something that happened to a takeover (PREMIS event type), or to the item `ordinal` of it, and how it ended.

    `ordinal` is 0 where the takeover as a whole is meant.
    """

    type = "custody"

    takeover: str
    ordinal: int
    event: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedRecord(Record):
    """A line of the archive's journal (`repository.domain.deed`): the `number`-th deed, its kind, and how it ended."""

    type = "deed"

    number: int
    event: str
    outcome: str


AnyRecord: TypeAlias = HoldingRecord | CustodyRecord | DeedRecord


def holding_record(
    *,
    archive: str,
    takeover: str,
    ordinal: int,
    kind: str,
    size: int,
    sha256: bytes,
    sealed_sha256: bytes,
    object_id: str,
    offset: int,
    length: int,
    at: str,
    facts: bytes,
    salt: bytes | None = None,
) -> bytes:
    """The record of a kept item. Raises `RecordMalformed` for what `parsed` would not read."""
    salt = os.urandom(SALT_SIZE) if salt is None else salt
    return _built(
        {
            "archive": archive,
            "at": at,
            "facts_sha256": commitment(facts, salt).hex(),
            "kind": str(kind),
            "length": length,
            "object": object_id,
            "offset": offset,
            "ordinal": ordinal,
            "salt": salt.hex(),
            "sealed_sha256": sealed_sha256.hex(),
            "sha256": sha256.hex(),
            "size": size,
            "takeover": takeover,
            "type": "holding",
            "v": VERSION,
        }
    )


def custody_record(
    *,
    archive: str,
    takeover: str,
    ordinal: int,
    event: str,
    outcome: str,
    at: str,
    facts: bytes = b"",
    salt: bytes | None = None,
) -> bytes:
    """The record of an event; `facts` is its detail, in whatever words. Raises `RecordMalformed`."""
    salt = os.urandom(SALT_SIZE) if salt is None else salt
    return _built(
        {
            "archive": archive,
            "at": at,
            "event": str(event),
            "facts_sha256": commitment(facts, salt).hex(),
            "ordinal": ordinal,
            "outcome": str(outcome),
            "salt": salt.hex(),
            "takeover": takeover,
            "type": "custody",
            "v": VERSION,
        }
    )


def deed_record(
    *, archive: str, number: int, event: str, outcome: str, at: str, facts: bytes, salt: bytes | None = None
) -> bytes:
    """The record of a deed; `facts` is its body in canonical form. Raises `RecordMalformed`."""
    salt = os.urandom(SALT_SIZE) if salt is None else salt
    return _built(
        {
            "archive": archive,
            "at": at,
            "event": event,
            "facts_sha256": commitment(facts, salt).hex(),
            "number": number,
            "outcome": outcome,
            "salt": salt.hex(),
            "type": "deed",
            "v": VERSION,
        }
    )


def _built(fields: dict[str, str | int]) -> bytes:
    """The canonical form. `_check` has let nothing through that would be written otherwise than the template has it."""
    _check(fields)
    return (_TEMPLATES[str(fields["type"])] % fields).encode("ascii")


def _check(fields: Mapping[str, Any]) -> None:
    """Raises `RecordMalformed` unless these are the fields of a record, each in its form."""
    form = _FORMS.get(fields.get("type"))  # type: ignore[arg-type]  # any value may stand there
    if form is None or fields.keys() != _FIELDS[fields["type"]] or fields["v"] != VERSION:
        raise RecordMalformed(reason="its fields are not those of a known type and version")
    texts, pattern = form
    try:
        joined = "\n".join([fields[name] for name in texts])
    except TypeError:
        raise RecordMalformed(reason="a text is not a text") from None
    if not pattern.fullmatch(joined):
        raise RecordMalformed(reason=f"its {_worst(fields, texts)} is not in form")
    for name in _NUMBERS:
        number = fields.get(name, 0)
        if type(number) is not int or not 0 <= number <= GREATEST:
            raise RecordMalformed(reason=f"its {name} is not a count")


def _worst(fields: Mapping[str, Any], texts: tuple[str, ...]) -> str:
    return next((name for name in texts if not re.fullmatch(_PATTERNS[name], fields[name], re.ASCII)), "text")


def parsed(record: bytes) -> AnyRecord:
    """The record that these bytes are. Raises `RecordMalformed`."""
    if len(record) > LONGEST_RECORD:
        raise RecordMalformed(reason="it is too long")
    try:
        fields = parse(record)
    except NotCanonical as error:
        raise RecordMalformed(reason="it is not canonical JSON") from error
    if type(fields) is not dict or type(fields.get("type")) is not str or type(fields.get("v")) is not int:
        raise RecordMalformed(reason="it is not an object with a type and a version")
    _check(fields)
    shared: dict[str, Any] = {"archive": fields["archive"], "at": fields["at"]}
    shared |= {name: bytes.fromhex(fields[name]) for name in ("facts_sha256", "salt")}
    match fields["type"]:
        case "deed":
            return DeedRecord(**shared, **{name: fields[name] for name in _DEED})
        case "custody":
            return CustodyRecord(**shared, **{name: fields[name] for name in _CUSTODY})
    return HoldingRecord(
        **shared,
        **{name: fields[name] for name in ("takeover", "ordinal", "kind", "length", "offset", "size")},
        sha256=bytes.fromhex(fields["sha256"]),
        sealed_sha256=bytes.fromhex(fields["sealed_sha256"]),
        object_id=fields["object"],
    )
