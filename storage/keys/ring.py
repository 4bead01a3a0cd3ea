"""The local key ring: root keys and the log's signing key in one sealed file (`storage/FORMAT.md`, "Key ring").

Promised: the file is never readable by others, is replaced atomically (temporary file, fsync, rename, fsync of the
folder), and a ring that others can read is refused. What can go wrong: a lost passphrase or key file. Nothing helps
then, which is why `edm-archive keys backup` exists and `init` says so.
"""

import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import (
    KeyRingDamaged,
    KeyRingExists,
    KeyRingExposed,
    KeyRingMissing,
    KeyUnavailable,
    SealBroken,
    SecretFileForbidden,
    StorageError,
    WrongPassphrase,
    reason_of,
)
from storage.flushing import flush_folder
from storage.keys.protection import Protection, protection_from

FORMAT = "edm-archive key ring 1"
NONCE = 12


@dataclass(frozen=True, slots=True)
class _Secret:
    created: str
    value: bytes = field(repr=False)


class KeyRing:
    """An open key ring; a `KeyProvider`. Made by `KeyRing.create` or `KeyRing.load`."""

    def __init__(
        self, path: Path, *, archive: uuid.UUID, protection: Protection, roots: dict[int, _Secret], signing: _Secret
    ) -> None:
        self.path, self.archive, self._protection = path, archive, protection
        self._roots, self._signing = roots, signing

    @classmethod
    def create(cls, path: Path, *, archive: uuid.UUID, protection: Protection) -> "KeyRing":
        """A new ring with a root key of epoch 1 and a signing key, durable at `path`. Raises `KeyRingExists`."""
        if path.exists():
            raise KeyRingExists(path=str(path))
        ring = cls(path, archive=archive, protection=protection, roots={1: _fresh()}, signing=_fresh())
        ring._save()
        return ring

    @classmethod
    def load(cls, path: Path, *, secret: bytes) -> "KeyRing":
        """The ring at `path`, opened by a passphrase or the content of a key file (`secret`). Raises `WrongPassphrase`
        where that opens none of its keys, and `KeyRingDamaged` where it opens some of them: the rest is not as it was.
        """
        raw = read_private(path)
        try:
            document = json.loads(raw)
            if document["format"] != FORMAT:
                raise KeyRingDamaged(path=str(path))
            archive = uuid.UUID(hex=document["archive"])
            protection = protection_from(document["protection"], secret)
            found = {
                int(epoch): _opened(sealed, protection, archive, name=f"root/{epoch}")
                for epoch, sealed in document["roots"].items()
            }
            signing = _opened(document["signing"], protection, archive, name="signing")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyRingDamaged(path=str(path)) from error
        roots = {epoch: root for epoch, root in found.items() if root is not None}
        if not roots and signing is None:
            raise WrongPassphrase
        if not roots or signing is None or len(roots) < len(found):
            raise KeyRingDamaged(path=str(path))
        return cls(path, archive=archive, protection=protection, roots=roots, signing=signing)

    @property
    def active_epoch(self) -> int:
        return max(self._roots)

    @property
    def epochs(self) -> Sequence[int]:
        return sorted(self._roots)

    def created(self, epoch: int) -> str:
        """When the root key of `epoch` was made (UTC)."""
        return self._roots[epoch].created

    @property
    def protected_by(self) -> str:
        return self._protection.kind

    def is_current(self) -> bool:
        """Whether the file still has the root keys that this ring has: false once another process has rotated it, and
        where the file cannot be read."""
        try:
            there = {int(epoch) for epoch in json.loads(read_private(self.path))["roots"]}
        except (StorageError, ValueError, KeyError, TypeError, AttributeError):
            return False
        return there == set(self._roots)

    def signing_seed(self) -> bytes:
        """The Ed25519 seed (RFC 8032 §5.1.5) of the key that signs checkpoints and protocols."""
        return self._signing.value

    def signing_public_key(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self._signing.value).public_key().public_bytes_raw()

    def wrap(self, secret: bytes, *, context: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._roots[self.active_epoch].value).encrypt(nonce, secret, context)

    def unwrap(self, wrapped: bytes, *, epoch: int, context: bytes) -> bytes:
        if epoch not in self._roots:
            raise KeyUnavailable
        try:
            return AESGCM(self._roots[epoch].value).decrypt(wrapped[:NONCE], wrapped[NONCE:], context)
        except InvalidTag as error:
            raise SealBroken(key=f"epoch {epoch}", reason="a wrapped key does not open") from error

    def add_epoch(self) -> int:
        epoch = self.active_epoch + 1
        self._roots = self._roots | {epoch: _fresh()}
        self._save()
        return epoch

    def destroy_epoch(self, epoch: int) -> None:
        if epoch == self.active_epoch:
            raise ValueError("the active root key is not destroyed")
        self._roots = {held: secret for held, secret in self._roots.items() if held != epoch}
        self._save()

    def back_up(self, path: Path, *, protection: Protection | None = None) -> None:
        """A copy of the ring at `path`, under its own protection if one is given. Raises `KeyRingExists`."""
        if path.exists():
            raise KeyRingExists(path=str(path))
        self._save(path, protection or self._protection)

    def _save(self, path: Path | None = None, protection: Protection | None = None) -> None:
        under = protection or self._protection
        public = self.signing_public_key().hex()
        document = {
            "format": FORMAT,
            "archive": self.archive.hex,
            "protection": under.parameters(),
            "roots": {
                str(epoch): self._sealed(secret, under, f"root/{epoch}") for epoch, secret in self._roots.items()
            },
            "signing": {"public": public} | self._sealed(self._signing, under, "signing"),
        }
        write_private(path or self.path, json.dumps(document, indent=1).encode() + b"\n")

    def _sealed(self, secret: _Secret, under: Protection, name: str) -> dict[str, str]:
        nonce = os.urandom(NONCE)
        sealed = AESGCM(under.key).encrypt(nonce, secret.value, _bound(self.archive, name))
        return {"created": secret.created, "nonce": nonce.hex(), "sealed": sealed.hex()}


def _fresh() -> _Secret:
    return _Secret(datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"), os.urandom(32))


def _bound(archive: uuid.UUID, name: str) -> bytes:
    return b"\0".join((FORMAT.encode(), archive.bytes, name.encode()))


def _opened(sealed: dict[str, Any], protection: Protection, archive: uuid.UUID, *, name: str) -> _Secret | None:
    """None for what does not open."""
    try:
        nonce, body = bytes.fromhex(sealed["nonce"]), bytes.fromhex(sealed["sealed"])
        value = AESGCM(protection.key).decrypt(nonce, body, _bound(archive, name))
    except InvalidTag:
        return None
    return _Secret(str(sealed["created"]), value)


def read_private(path: Path) -> bytes:
    """The content of a file that only its owner can read. Raises `KeyRingMissing`, `KeyRingExposed`, and
    `SecretFileForbidden` where the machine does not let it be read: of what it holds nothing is known then."""
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode & 0o777
            if mode & 0o077:
                raise KeyRingExposed(path=str(path), mode=f"{mode:o}")
            return stream.read(1 << 20)
    except FileNotFoundError as error:
        raise KeyRingMissing(path=str(path)) from error
    except OSError as error:
        raise SecretFileForbidden(path=str(path), reason=reason_of(error)) from error


def write_private(path: Path, content: bytes) -> None:
    """`path` holds `content`, durable and readable by its owner only; a crash leaves the old content or the new."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    flush_folder(path.parent)
