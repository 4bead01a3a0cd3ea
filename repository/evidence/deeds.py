"""Deeds as the text of a sealed bundle, and back; and what makes a line of the journal true to its record.

A line holds the number, the body and the record. Kind, time and outcome are said by the record alone, and the record
commits to the body, so that a bundle cannot say one thing and the log another.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from repository.canonical import NotCanonical, canonical, parse
from repository.domain.deed import Deed
from repository.evidence.errors import RecordMalformed
from repository.evidence.record import DeedRecord, entry, parsed

FORMAT = 1


def inscribe_deeds(deeds: Iterable[Deed]) -> bytes:
    """The canonical text of `deeds`, which follow each other."""
    lines: list[dict[str, Any]] = [
        {"number": deed.number, "body": dict(deed.body), "record": deed.record.decode()} for deed in deeds
    ]
    return canonical({"format": FORMAT, "deeds": lines})


def deeds_of(text: bytes, *, archive: str) -> tuple[Deed, ...]:
    """The deeds that `text` was made of, each true to its record. Raises `RecordMalformed`.

    `archive` is its id in hex. There is at least one deed, and each has the number after the one before it.
    """
    try:
        says = parse(text)
        if says["format"] != FORMAT:
            raise RecordMalformed(reason="its format is not known")
        deeds = tuple(_deed(line, archive=archive) for line in says["deeds"])
    except NotCanonical as error:
        raise RecordMalformed(reason="it is not canonical JSON") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise RecordMalformed(reason="it does not hold what it should") from None
    if not deeds or [deed.number for deed in deeds] != list(range(deeds[0].number, deeds[0].number + len(deeds))):
        raise RecordMalformed(reason="its numbers do not follow each other")
    return deeds


def _deed(line: Mapping[str, Any], *, archive: str) -> Deed:
    raw = line["record"].encode()
    record = parsed(raw)
    if not isinstance(record, DeedRecord):
        raise RecordMalformed(reason="it is not the record of a deed")
    deed = Deed(line["number"], record.event, record.at, record.outcome, line["body"], raw, entry(raw))
    if line.keys() != {"number", "body", "record"} or not is_true(deed, archive=archive):
        raise RecordMalformed(reason="its record says something else")
    return deed


def is_true(deed: Deed, *, archive: str) -> bool:
    """Whether the deed is what its record says and commits to; `archive` is its id in hex."""
    try:
        record, facts = parsed(deed.record), canonical(dict(deed.body))
    except (RecordMalformed, NotCanonical, TypeError, ValueError):
        return False
    return (
        isinstance(record, DeedRecord)
        and entry(deed.record) == deed.entry
        and type(deed.number) is int
        and (record.archive, record.number) == (archive, deed.number)
        and (record.event, record.at, record.outcome) == (deed.kind, deed.at, deed.outcome)
        and record.commits_to(facts)
    )
