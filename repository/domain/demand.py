"""A demand (zapotrzebowanie): the states that it passes through, from the requester to both confirmations (R463-5).

Only the moves in `MOVES` exist, and the database refuses all others. That a demand may expire is ours, not the law's.
"""

from collections.abc import Mapping
from enum import StrEnum

NOWHERE = ""
"""What the first move starts from."""


class DemandState(StrEnum):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # with a list of errors (R463-8.2)
    VERIFYING = "verifying"
    REFUSED = "refused"
    VERIFIED = "verified"
    FORWARDED = "forwarded"  # in the queue of whoever holds the record
    PREPARED = "prepared"  # the content is frozen
    SIGNED = "signed"
    SENT = "sent"
    RECEIVED = "received"
    CONFIRMED = "confirmed"  # in SIM and with the provider
    EXPIRED = "expired"


FINAL = frozenset({DemandState.REJECTED, DemandState.REFUSED, DemandState.CONFIRMED, DemandState.EXPIRED})

_ONWARD: Mapping[DemandState, frozenset[DemandState]] = {
    DemandState.SUBMITTED: frozenset({DemandState.ACCEPTED, DemandState.REJECTED}),
    DemandState.ACCEPTED: frozenset({DemandState.VERIFYING}),
    DemandState.VERIFYING: frozenset({DemandState.REFUSED, DemandState.VERIFIED}),
    DemandState.VERIFIED: frozenset({DemandState.FORWARDED}),
    DemandState.FORWARDED: frozenset({DemandState.PREPARED}),
    DemandState.PREPARED: frozenset({DemandState.SIGNED}),
    DemandState.SIGNED: frozenset({DemandState.SENT}),
    DemandState.SENT: frozenset({DemandState.RECEIVED}),
    DemandState.RECEIVED: frozenset({DemandState.CONFIRMED}),
}
MOVES: Mapping[DemandState, frozenset[DemandState]] = {
    state: _ONWARD.get(state, frozenset()) | (frozenset() if state in FINAL else {DemandState.EXPIRED})
    for state in DemandState
}


class Place(StrEnum):
    """Where a receipt is confirmed; each once (R463-5, step 9)."""

    SIM = "sim"
    PROVIDER = "provider"


def every_move() -> list[tuple[str, str]]:
    """(from, to) of each move that there is, the first one included."""
    moves = [(old.value, new.value) for old, onward in MOVES.items() for new in onward]
    return sorted([(NOWHERE, DemandState.SUBMITTED.value), *moves])
