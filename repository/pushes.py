"""What was pushed into a live transfer, by which binding and when: read from the deeds that acknowledged it.

Names nobody: a binding says who it is for, and is told to whoever may see it. Deeds of all live transfers lie in one
line, so that of those that are passed over for others only so many are looked at for one page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from repository.clock import instant
from repository.domain.takeover import Takeover
from repository.runtime import Archive

DEPOSIT = "deposit"  # kind of the deed
MOST_LOOKED_AT = 2_000  # deeds, for one page
CLOCKS_DIFFER = timedelta(hours=1)  # at most, between machines of one archive


@dataclass(frozen=True, slots=True)
class Push:
    """All that one transaction took of one push, or an attempt that was refused. `number`: of the deed. `first`,
    `last`: ordinals, zero where nothing was given one. `binding`: an id, empty of whoever had none."""

    number: int
    at: str
    outcome: str
    door: str
    binding: str
    first: int = 0
    last: int = 0
    kept: int = 0
    duplicate: int = 0
    refused: int = 0
    conflicting: int = 0


def pushes(archive: Archive, takeover: Takeover, *, after: int, limit: int) -> tuple[Sequence[Push], int]:
    """At most `limit` that were after the deed `after`, oldest first, and the deed after which there may be more; 0
    where there are none. A page may be empty and have another one after it."""
    if not takeover.live:
        return (), 0
    found, looked, number = list[Push](), 0, after or _before(archive, takeover)
    deeds = archive.catalogue.journal.deeds(after=number, kind=DEPOSIT)
    for deed in islice(deeds, MOST_LOOKED_AT):
        if len(found) == limit:
            return found, number
        looked, number = looked + 1, deed.number
        if deed.body["takeover"] == takeover.id:
            found.append(_push(deed.number, deed.at, deed.outcome, body=deed.body))
    return found, number if looked == MOST_LOOKED_AT else 0


def _before(archive: Archive, takeover: Takeover) -> int:
    """A deed that none of the takeover's are before, so that those of years ago need not be looked through. Deeds have
    numbers without a gap, and are in the order of time, but for clocks of machines that differ a little."""
    journal = archive.catalogue.journal
    opened = instant(datetime.fromisoformat(takeover.opened_at) - CLOCKS_DIFFER)
    low, high = 0, journal.size()
    while low < high:
        middle = (low + high + 1) // 2
        found = next(journal.deeds(after=middle - 1, last=middle), None)
        low, high = (middle, high) if found is not None and found.at < opened else (low, middle - 1)
    return low


def _push(number: int, at: str, outcome: str, *, body: Mapping[str, Any]) -> Push:
    counts = {name: body.get(name, 0) for name in ("first", "last", "kept", "duplicate", "refused", "conflicting")}
    return Push(number, at, outcome, body["door"], body.get("binding", ""), **counts)
