"""What opens the key ring: a passphrase through Argon2id (RFC 9106), or a key file.

Cost of Argon2id: 3 passes over 256 MiB in 4 lanes, about 0.5 s on two cores; above the second recommendation of
RFC 9106 §4 (3 passes, 64 MiB, 4 lanes). The numbers stand in the ring, so that they can be raised later.
"""

import os
import re
from dataclasses import dataclass, field
from typing import Any

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import WrongPassphrase

TIME, MEMORY_KIB, LANES = 3, 262_144, 4
SHORTEST_PASSPHRASE = 12
_KEY_FILE = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Protection:
    """A ring key, and the parameters that tell how to derive it again."""

    kind: str  # "passphrase" | "key-file"
    key: bytes = field(repr=False)
    salt: bytes = b""
    time: int = 0
    memory_kib: int = 0
    lanes: int = 0

    def parameters(self) -> dict[str, Any]:
        if self.kind == "key-file":
            return {"kind": self.kind}
        return {
            "kind": self.kind,
            "kdf": "argon2id",
            "version": ARGON2_VERSION,
            "time": self.time,
            "memory_kib": self.memory_kib,
            "lanes": self.lanes,
            "salt": self.salt.hex(),
        }


def by_passphrase(passphrase: bytes, *, memory_kib: int = MEMORY_KIB) -> Protection:
    """A new protection with a fresh salt. ValueError for a passphrase under 12 bytes."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ValueError("passphrase too short")
    return _argon2id(passphrase, salt=os.urandom(16), time=TIME, memory_kib=memory_kib, lanes=LANES)


def by_key_file(content: bytes) -> Protection:
    """The protection of a key file with this content: 64 hex digits. Raises `WrongPassphrase` for anything else."""
    stripped = content.strip()
    if not _KEY_FILE.fullmatch(stripped):
        raise WrongPassphrase
    key = HKDF(SHA256(), 32, salt=None, info=b"edm-archive key file 1").derive(stripped)
    return Protection("key-file", key)


def new_key_file() -> bytes:
    """The content of a new key file."""
    return os.urandom(32).hex().encode() + b"\n"


def protection_from(parameters: dict[str, Any], secret: bytes) -> Protection:
    """The protection that a ring names, derived from what the user gave."""
    if parameters["kind"] == "key-file":
        return by_key_file(secret)
    if parameters["kind"] != "passphrase" or parameters["kdf"] != "argon2id":
        raise ValueError("unknown protection")
    memory = int(parameters["memory_kib"])
    if not 8 * int(parameters["lanes"]) <= memory <= 4 * 1024 * 1024:
        raise ValueError("unreasonable cost")  # a changed ring must not be able to take all memory
    return _argon2id(
        secret,
        salt=bytes.fromhex(parameters["salt"]),
        time=min(int(parameters["time"]), 64),
        memory_kib=memory,
        lanes=int(parameters["lanes"]),
    )


def _argon2id(passphrase: bytes, *, salt: bytes, time: int, memory_kib: int, lanes: int) -> Protection:
    key = hash_secret_raw(
        passphrase, salt, time_cost=time, memory_cost=memory_kib, parallelism=lanes, hash_len=32, type=Type.ID
    )
    return Protection("passphrase", key, salt=salt, time=time, memory_kib=memory_kib, lanes=lanes)
