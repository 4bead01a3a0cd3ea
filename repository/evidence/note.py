"""Signed notes (C2SP signed-note): a text, a blank line, and signature lines by named Ed25519 keys.

A verifier key is handed out as one line, `<name>+<key id in hex>+<base64 of 0x01 || public key>`. Reading is strict:
there is one way to write a note, so that nobody can make two notes out of one signature.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from repository.evidence.errors import NoteForged, NoteMalformed, NoteUnsigned, VerifierKeyMalformed

LARGEST_NOTE = 256 * 1024  # sixteen post-quantum cosignatures of 5 kB each, and room to spare
MOST_SIGNATURES = 100

_ED25519 = b"\x01"  # the signature type byte of signed-note
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


def decode64(text: str) -> bytes:
    """Standard base64 in its one canonical form (RFC 4648 §3.5). Raises ValueError."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64") from None
    if encode64(data) != text:
        raise ValueError("not canonical base64")
    return data


def encode64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def is_key_name(name: str) -> bool:
    """Not empty, without spaces, control characters and plus (signed-note, *Format*)."""
    return bool(name) and name.isprintable() and "+" not in name and not any(one.isspace() for one in name)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under the name that it signs with."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """The key that `str()` wrote. Raises `VerifierKeyMalformed`."""
        parts = text.split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]) or not _KEY_ID.fullmatch(parts[1]):
            raise VerifierKeyMalformed(reason="it is not of the form name+hash+key")
        try:
            data = decode64(parts[2])
        except ValueError:
            raise VerifierKeyMalformed(reason="the key is not base64") from None
        if data[:1] != _ED25519 or len(data) != 33:
            raise VerifierKeyMalformed(reason="it is not an Ed25519 key")
        found = cls(name=parts[0], public=data[1:])
        if found.key_id.hex() != parts[1]:
            raise VerifierKeyMalformed(reason="the hash does not fit the name and key")
        return found

    def verifies(self, text: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key (32 bytes, RFC 8032 §5.1.5) under the name that it signs with."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.seed) != 32:
            raise ValueError("not a signing key")

    @property
    def verifier(self) -> Verifier:
        return Verifier(name=self.name, public=self._private().public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """The note over `text`, which ends in a newline. Ed25519 is deterministic: the same text, the same note."""
        if _flaw(text) or not text.endswith(b"\n"):
            raise ValueError("not the text of a note")
        signature = self.verifier.key_id + self._private().sign(text)
        return text + f"\n— {self.name} {encode64(signature)}\n".encode()

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: `key_id` is 4 bytes, and says nothing without the name."""

    name: str
    key_id: bytes
    value: bytes


def split_note(note: bytes) -> tuple[bytes, tuple[Signature, ...]]:
    """Text and signatures of a note, of which nothing is verified yet. Raises `NoteMalformed`."""
    if len(note) > LARGEST_NOTE:
        raise NoteMalformed(reason="it is too long")
    if flaw := _flaw(note):
        raise NoteMalformed(reason=flaw)
    at = note.rfind(b"\n\n")
    if at < 0 or not note.endswith(b"\n") or at + 2 == len(note):
        raise NoteMalformed(reason="it has no signatures")
    lines = note[at + 2 : -1].decode().split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteMalformed(reason="it has too many signatures")
    return note[: at + 1], tuple(_signature(line) for line in lines)


def _flaw(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    return "it has control characters" if _CONTROL.search(data) else ""


def _signature(line: str) -> Signature:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        data = decode64(encoded)
    except ValueError:
        data = b""
    if mark != "—" or not is_key_name(name) or len(data) < 5:
        raise NoteMalformed(reason="a signature line cannot be read")
    return Signature(name=name, key_id=data[:4], value=data[4:])


def open_note(note: bytes, verifiers: Sequence[Verifier]) -> tuple[bytes, frozenset[str]]:
    """The text of a note, and the names of the given keys that signed it: at least one.

    A signature by a known key that does not fit spoils the note; those by unknown keys are passed over. Raises
    `NoteMalformed`, `NoteForged`, `NoteUnsigned`.
    """
    text, signatures = split_note(note)
    known = {(one.name, one.key_id): one for one in verifiers}
    signed = set()
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.verifies(text, signature.value):
            raise NoteForged(name=verifier.name)
        signed.add(verifier.name)
    if not signed:
        raise NoteUnsigned
    return text, frozenset(signed)
