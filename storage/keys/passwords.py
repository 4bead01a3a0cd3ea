"""Passwords of people: Argon2id (RFC 9106), with its parameters in the stored hash (PHC string format).

Cost: the second recommendation of RFC 9106 §4 (3 passes, 64 MiB, 4 lanes). It can be raised: what was hashed cheaper
still verifies, and `outdated` says so. At most a few are computed at once, so that a flood of tries takes no more than
256 MiB.
"""

import os
from base64 import b64encode
from dataclasses import dataclass
from threading import BoundedSemaphore

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION


@dataclass(frozen=True, slots=True)
class Cost:
    time: int
    memory_kib: int
    lanes: int


COST = Cost(3, 65_536, 4)
HIGHEST = Cost(64, 1_048_576, 64)  # a changed row must not be able to take all memory or time
_SALT, _HASH = 16, 32
_at_once = BoundedSemaphore(4)


def hashed(password: bytes) -> str:
    """`password` as a string that verifies it, under today's cost and a fresh salt."""
    with _at_once:
        return _hasher(COST).hash(password)


def verifies(encoded: str, password: bytes) -> bool:
    """Whether `encoded` was made of `password`; False as well for what is no such hash, or one of unreasonable cost."""
    try:
        found = extract_parameters(encoded)
        dear = found.time_cost > HIGHEST.time or found.memory_cost > HIGHEST.memory_kib
        if dear or found.parallelism > HIGHEST.lanes:
            return False
        with _at_once:
            return _hasher(COST).verify(encoded, password)
    except (InvalidHashError, VerificationError):
        return False


def outdated(encoded: str) -> bool:
    """Whether `encoded` has another cost than today's."""
    return _hasher(COST).check_needs_rehash(encoded)


def unmatched() -> str:
    """A hash of today's cost that no password is known for: verifying against it costs what verifying always does.

    It is written down rather than computed, so that the first use costs no more than the next.
    """
    salt, digest = (b64encode(os.urandom(length)).rstrip(b"=").decode() for length in (_SALT, _HASH))
    return f"$argon2id$v={ARGON2_VERSION}$m={COST.memory_kib},t={COST.time},p={COST.lanes}${salt}${digest}"


def _hasher(cost: Cost) -> PasswordHasher:
    return PasswordHasher(
        time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.lanes, hash_len=_HASH, salt_len=_SALT
    )
