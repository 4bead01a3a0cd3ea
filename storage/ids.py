"""Identifiers made here: UUIDv7 (RFC 9562 §5.7), random but for the millisecond they were made in."""

import os
import time
import uuid


def new_id() -> uuid.UUID:
    """A UUIDv7 that sorts roughly by time of making and tells nothing else."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


def new_ids(count: int) -> list[uuid.UUID]:
    """So many, in ascending order: things that are made at one moment are found again in the order in which they were
    given."""
    return sorted(new_id() for _ in range(count))
