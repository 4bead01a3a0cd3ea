"""Deeds: what was done in the archive that must never be forgotten or changed, each a line of its journal.

Accounts of readings, consents and their withdrawal, grants, protection, custody, demands: all are deeds. They are
numbered from 1 without a gap; each is an entry of the evidence log, so that whoever has a checkpoint can be shown that
none is missing and none was changed; and all that the catalogue knows besides follows from them, in their order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Deed:
    """`body`: canonical JSON values, as `repository.canonical` takes them; it may hold personal data. `record`: what
    the log's `entry` is the SHA-256 of, without personal data (docs/proofs.md). `at`: UTC with microseconds and Z."""

    number: int
    kind: str
    at: str
    outcome: str
    body: Mapping[str, Any]
    record: bytes
    entry: bytes
