"""One provider's hand-over: who, on which ground, in which state, and what became of each item.

Law: R463-6.1, UPP art. 30a (the legal routes). A takeover is a partition: nothing in it is merged with another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Route(StrEnum):
    """The legal route of the hand-over (UPP art. 30a ust. 2-9)."""

    SUCCESSOR = "SUCCESSOR"
    FOUNDING_BODY = "FOUNDING_BODY"
    STORAGE_AGREEMENT = "STORAGE_AGREEMENT"
    CHAMBER = "CHAMBER"
    WOJEWODA = "WOJEWODA"
    CEZ_SIM = "CEZ_SIM"


class State(StrEnum):
    """Where a takeover stands. Only the moves in `MOVES` exist; the catalogue refuses all others."""

    RECEIVING = "receiving"  # the package is listed; items are being sealed
    RECEIVED = "received"  # every item is settled: kept, or named as not kept
    BALANCED = "balanced"  # the statement is made and balances to zero
    ACCEPTED = "accepted"
    ACCEPTED_WITH_EXCEPTIONS = "accepted-with-exceptions"
    REJECTED = "rejected"


MOVES: Mapping[State, frozenset[State]] = {
    State.RECEIVING: frozenset({State.RECEIVED}),
    State.RECEIVED: frozenset({State.BALANCED}),
    State.BALANCED: frozenset({State.ACCEPTED, State.ACCEPTED_WITH_EXCEPTIONS, State.REJECTED}),
    State.ACCEPTED: frozenset(),
    State.ACCEPTED_WITH_EXCEPTIONS: frozenset(),
    State.REJECTED: frozenset(),
}
FINAL = frozenset(state for state, onward in MOVES.items() if not onward)


@dataclass(frozen=True, slots=True)
class Producer:
    """The closing provider. Empty text where the package does not say; numbers are kept as given."""

    name: str = ""
    rpwdl_book: str = ""  # nr księgi rejestrowej, 12 digits
    regon: str = ""
    nip: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """`metadata/handover.json`, or what the command line gave in its place (schema: docs/handover.schema.json)."""

    producer: Producer = field(default_factory=Producer)
    successor: Producer | None = None
    cessation_date: str = ""  # YYYY-MM-DD
    legal_basis: str = ""
    route: Route | None = None
    declared_counts: Mapping[str, int] = field(default_factory=dict)  # items, bytes, patients, documents, studies, …


LIVE = "live:"  # begins the fingerprint of a takeover without a package; what follows is its id


@dataclass(frozen=True, slots=True)
class Takeover:
    """`number` is the partition key inside this catalogue; `id` (UUIDv7) is its name everywhere else."""

    number: int
    id: str
    state: State
    package: str  # where the package was read from
    fingerprint: str  # of the package: the same package is never taken over twice
    handover: Handover
    declared: bool  # whether the package declared its items (a manifest with digests)
    opened_at: str  # UTC, ISO 8601 with Z
    closed_at: str = ""

    @property
    def live(self) -> bool:
        """Whether it receives from peers that push, and not from a package (DESIGN § 2.9)."""
        return self.fingerprint.startswith(LIVE)


class Disposition(StrEnum):
    """What became of an item; exactly one for each item once the takeover is `received`."""

    PENDING = "pending"
    KEPT = "kept"  # sealed, and as declared (or nothing was declared)
    ALTERED = "altered"  # sealed, but its digest or size is not the declared one
    UNEXPECTED = "unexpected"  # sealed, though a declaring package does not declare it
    DUPLICATE = "duplicate"  # the same bytes are kept already in this takeover: counted, not stored again
    MISSING = "missing"  # declared and not there, or it could not be read
    REFUSED = "refused"  # hostile: not stored, and named


STORED = frozenset({Disposition.KEPT, Disposition.ALTERED, Disposition.UNEXPECTED})


@dataclass(frozen=True, slots=True)
class Item:
    """One path that the package declares, holds, or both. `ordinal` counts from 1 in the order of the listing."""

    ordinal: int
    path: str
    size: int = -1  # bytes as listed in the package; -1 where it is not there
    declared: bool = False
    declared_size: int = -1
    declared_digests: Mapping[str, str] = field(default_factory=dict)  # algorithm → lower-case hex
    disposition: Disposition = Disposition.PENDING
    duplicate_of: int = 0  # ordinal of the holding with the same bytes
    conflicts_with: int = 0  # ordinal of a holding with the same identifier and other bytes; both are kept
    reason: str = ""  # finding code that explains MISSING or REFUSED
