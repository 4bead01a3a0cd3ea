"""How many images of each SOP class are kept in each transfer syntax, by takeover.

No index says it. Each process looks at every image once, by ordinal, and remembers numbers of them; after that it looks
at what has come since. Images never leave the catalogue, so what was counted stays so.
"""

import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, select

from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.engine import Room
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import instance, takeover
from repository.domain.takeover import FINAL

AT_ONCE = 50_000  # ordinals in one transaction
_FINAL = frozenset(each.value for each in FINAL)


@dataclass(slots=True)
class _Seen:
    """Of one takeover, up to an ordinal. `settled`: nothing is added any more, and all of it was seen."""

    upto: int = 0
    images: int = 0
    settled: bool = False
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)


class Encodings(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._seen: dict[int, _Seen] = {}
        self._turn = threading.Lock()

    def held(self, takeovers: Collection[str] | None, *, seconds: float) -> dict[str, Counter[str]] | None:
        """SOP class → transfer syntax → images, in the takeovers of these ids (None: in all). None where that is not
        known within `seconds`: what was seen until then is remembered."""
        until = time.monotonic() + seconds
        if not self._turn.acquire(timeout=seconds):
            return None
        try:
            with self._room.reading() as connection:
                rows = connection.execute(select(takeover.c.number, takeover.c.id, takeover.c.state)).all()
            wanted = [row for row in rows if takeovers is None or row.id in takeovers]
            found: dict[str, Counter[str]] = {}
            for row in wanted:
                if not self._caught_up(row.number, final=row.state in _FINAL, until=until):
                    return None
                for (sop_class, syntax), count in self._seen[row.number].kinds.items():
                    found.setdefault(sop_class, Counter())[syntax] += count
            return found
        finally:
            self._turn.release()

    def _caught_up(self, number: int, *, final: bool, until: float) -> bool:
        """Whether all of the takeover has been seen by `until`."""
        known, first = self._seen.setdefault(number, _Seen()), True
        while not known.settled:
            with self._room.reading_one_state() as connection:
                if first:
                    _forget_if_more(connection, number, known)
                last, first = _look(connection, number, known), False
            if not last and time.monotonic() > until:
                return False
            if last:
                known.settled = final  # that it is final was read before all of it was seen
                return True
        return True


def _forget_if_more(connection: Connection, number: int, known: _Seen) -> None:
    """A package is not recorded in the order of its ordinals: where there is more now than was counted up to the last
    that was seen, all is counted anew."""
    if known.upto and _COUNT.all(connection, {"number": number, "upto": known.upto})[0][0] != known.images:
        known.upto, known.images = 0, 0
        known.kinds.clear()


def _look(connection: Connection, number: int, known: _Seen) -> bool:
    """A page more has been seen; whether it was the last."""
    asked = {"number": number}
    end = _LAST.all(connection, asked)[0][0] or 0
    upto = min(end, known.upto + AT_ONCE)
    for sop_class, syntax, count in _KINDS.all(connection, asked | {"after": known.upto, "upto": upto}):
        known.kinds[sop_class, syntax] += count
        known.images += count
    known.upto = max(known.upto, upto)
    return known.upto >= end


_THERE = instance.c
_OWN = _THERE.takeover == bindparam("number")
_COUNT = Prepared(select(func.count()).where(_OWN, _THERE.ordinal <= bindparam("upto")))
_LAST = Prepared(select(func.max(_THERE.ordinal)).where(_OWN))
_KINDS = Prepared(
    select(_THERE.sop_class_uid, _THERE.transfer_syntax_uid, func.count())
    .where(_OWN, _THERE.ordinal > bindparam("after"), _THERE.ordinal <= bindparam("upto"))
    .group_by(_THERE.sop_class_uid, _THERE.transfer_syntax_uid)
)
