"""How many images of each SOP class are kept in each transfer syntax, by takeover.

No index says it. Each process looks at every image once, by ordinal, and remembers numbers of them; after that it looks
at what has come since. Images never leave the catalogue, so what was counted stays so. Of that, what is hidden from
whoever asks is taken away each time: it is that of few.
"""

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, select

from repository.access.reach import Reach
from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.engine import Room
from repository.catalogue.grounding import Ground, grounded
from repository.catalogue.listing import rows_of
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import holding, instance, takeover
from repository.domain.takeover import FINAL

AT_ONCE = 50_000  # ordinals in one transaction
_Kind = tuple[str, str]  # SOP class and transfer syntax
_FINAL = frozenset(each.value for each in FINAL)


@dataclass(slots=True)
class _Seen:
    """Of one takeover, up to an ordinal. `settled`: nothing is added any more, and all of it was seen."""

    upto: int = 0
    images: int = 0
    settled: bool = False
    kinds: Counter[_Kind] = field(default_factory=Counter)


class Encodings(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._seen: dict[int, _Seen] = {}
        self._turn = threading.Lock()

    def held(
        self, takeovers: Collection[str] | None, *, seconds: float, within: Reach | None = None
    ) -> dict[str, Counter[str]] | None:
        """SOP class → transfer syntax → images, in the takeovers of these ids (None: in all). None where that is not
        known within `seconds`: what was seen until then is remembered. `within`: only in takeovers that it lets be seen
        whole, and of nobody there of whom it hides anything."""
        until = time.monotonic() + seconds
        if not self._turn.acquire(timeout=seconds):
            return None
        try:
            wanted = self._wanted(takeovers, None if within is None else within.takeovers)
            if not all(self._caught_up(number, final=final, until=until) for number, final in wanted.items()):
                return None
            if within is None:
                return _summed(self._seen[number].kinds for number in wanted)
            with self._room.reading_one_state() as connection:  # begun when all was counted, so that it knows of all
                ground = grounded(connection, within)
                return _summed(self._shown(connection, number, ground) for number in wanted)
        finally:
            self._turn.release()

    def _wanted(self, *narrowed: Collection[str] | None) -> dict[int, bool]:
        """Numbers of the takeovers whose ids are in all of `narrowed` (None: any), and whether each has ended."""
        with self._room.reading() as connection:
            rows = connection.execute(select(takeover.c.number, takeover.c.id, takeover.c.state)).all()
        return {
            row.number: row.state in _FINAL for row in rows if all(each is None or row.id in each for each in narrowed)
        }

    def _shown(self, connection: Connection, number: int, ground: Ground) -> Counter[_Kind]:
        """What was counted of the takeover, without those of whom anything is hidden, or all of it is."""
        shut = {each.takeover for each in ground.refusals if each.pairs is None} | ground.shut
        if number in shut or None in shut:
            return Counter()
        pairs = ground.hidden.union(*(each.pairs for each in ground.refusals if each.pairs is not None))
        patients = sorted(patient for where, patient in pairs if where == number)
        known = self._seen[number]
        return known.kinds - _of_patients(connection, number, patients, upto=known.upto) if patients else known.kinds

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


def _summed(every: Iterable[Counter[_Kind]]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for kinds in every:
        for (sop_class, syntax), count in kinds.items():
            found.setdefault(sop_class, Counter())[syntax] += count
    return found


def _of_patients(connection: Connection, number: int, patients: Sequence[int], *, upto: int) -> Counter[_Kind]:
    """Images of these patients, of ordinals up to that one. Said so that SQLite goes by way of the holdings of each,
    which have an index; joined, it went through all images."""
    own = holding.c
    listed = rows_of([(each,) for each in patients], [own.patient], connection.dialect)
    theirs = select(own.ordinal).where(own.takeover == number, own.patient.in_(listed), own.ordinal <= upto)
    rows = connection.execute(
        select(_THERE.sop_class_uid, _THERE.transfer_syntax_uid, func.count())
        .where(_THERE.takeover == number, _THERE.ordinal.in_(theirs))
        .group_by(_THERE.sop_class_uid, _THERE.transfer_syntax_uid)
    )
    return Counter({(sop_class, syntax): count for sop_class, syntax, count in rows})


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
