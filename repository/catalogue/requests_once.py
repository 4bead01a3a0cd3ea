"""Requests that are done once, however often they are sent (draft-ietf-httpapi-idempotency-key-header).

A request that has a key is noted before it is done, and its answer afterwards. Whoever sends it again gets the answer;
while it is being done, nothing is done. A process that died at it gives it up: then it is done again if nothing of it
was written, and if something was (`doing.py`), what that is is told instead of an answer, to one at a time. A process
of this machine that is surely gone (`repository/liveness.py`) has given it up at once; else its time has to pass first.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from repository.catalogue.desk import Desk
from repository.catalogue.doing import BY, MARKED, OPEN, Doing, Written, done_here
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.request_tables import request_once
from repository.catalogue.text import packed, unpacked
from repository.clock import instant
from repository.liveness import new_name, surely_gone

AT_WORK = timedelta(minutes=5)
KEPT = timedelta(hours=24)
LOST = MARKED
_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What was sent with a key: `asked` is its digest; `status` is 0 while it has no answer, and `LOST` where whoever
    did it gave none though something of it was done. `until`: of one that is `LOST`, as it was found."""

    asked: str
    status: int
    answer: Mapping[str, Any]
    until: str = ""

    @property
    def written(self) -> Written:
        """What was made, of one that is `LOST`."""
        return Written.of(self.answer)


def key_of(caller: str, key: str) -> str:
    return sha256(f"{caller}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


class RequestsOnce(Desk):
    def begin(self, key: str, asked: str) -> Known | None:
        """None if it is to be done now, by whoever asks; else what is known of it. Durable before it is told.

        One that is `LOST`, and was asked for alike, is in the hands of whoever is told so, who ends it, gives it up, or
        leaves it; until then others are told that it is being done.
        """
        now, there = self._now(), request_once.c
        old = select(there.key).where(there.until < instant(now)).limit(_FORGOTTEN_AT_ONCE).scalar_subquery()
        row = {"asked": asked, "until": instant(now + AT_WORK), "status": 0, "answer": packed({BY: new_name()})}
        try:
            with self._room.writing() as connection:
                connection.execute(delete(request_once).where(there.key.in_(old) | _over(key, instant(now))))
                found = connection.execute(select(request_once).where(there.key == key)).one_or_none()
                if found is not None and _is_given_up(found, now):
                    # The server may still be committing for whoever is gone; and of those who ask, one takes it.
                    locked = select(request_once).where(there.key == key).with_for_update()
                    found = connection.execute(locked).one_or_none()
                if found is None:
                    connection.execute(insert(request_once), {"key": key, **row})
                    return None
                return _taken(connection, found, row, now) if _is_given_up(found, now) else _told(found)
        except CatalogueConflict:  # another process was faster by a moment
            return Known(asked, 0, {})

    def doing(self, key: str) -> AbstractContextManager[None]:
        """What this thread writes meanwhile is of the request: with it, in one transaction, it is known as begun."""
        return done_here(Doing(key, instant(self._now() + KEPT)))

    def end(self, key: str, status: int, answer: Mapping[str, Any]) -> None:
        """The answer is kept for a day."""
        until = instant(self._now() + KEPT)
        with self._room.writing() as connection:
            change = update(request_once).where(request_once.c.key == key)
            connection.execute(change.values(status=status, answer=packed(dict(answer)), until=until))

    def give_up(self, key: str) -> None:
        """Whoever did it gives no answer, and does nothing more: it may be sent again with the same key at once, and is
        then `LOST` if something is known to be made of it, else done."""
        mine, lost = request_once.c.key == key, instant(self._now() + KEPT - AT_WORK)
        with self._room.writing() as connection:
            row = connection.execute(select(request_once).where(mine)).one_or_none()
            if row is not None and row.status == MARKED and Written.of(unpacked(row.answer)):
                connection.execute(update(request_once).where(mine).values(until=lost))
            else:
                connection.execute(delete(request_once).where(mine))

    def leave(self, key: str, known: Known) -> None:
        """What was told to be `LOST` is that still, for as long as before: whoever asks again is told it again."""
        mine = (request_once.c.key == key) & (request_once.c.status == MARKED)
        with self._room.writing() as connection:
            row = connection.execute(select(request_once.c.answer).where(mine).with_for_update()).one_or_none()
            if row is not None:
                answer = {**unpacked(row.answer), BY: known.answer.get(BY, "")}
                connection.execute(update(request_once).where(mine).values(until=known.until, answer=packed(answer)))

    def forget(self, key: str) -> None:
        """Nothing came of it: it may be sent again with the same key."""
        with self._room.writing() as connection:
            connection.execute(delete(request_once).where(request_once.c.key == key))


def _is_given_up(found: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Whether nobody is at it who could end it. A marked one has been so for as long as its day is shorter now: whoever
    is at it may still be."""
    if found.status not in OPEN:
        return False
    long_ago = found.status == MARKED and found.until <= instant(now + KEPT - AT_WORK)
    return long_ago or surely_gone(unpacked(found.answer).get(BY, ""))


def _told(found: Row[*tuple[Any, ...]]) -> Known:
    if found.status in OPEN:
        return Known(found.asked, 0, {})
    return Known(found.asked, found.status, unpacked(found.answer))


def _taken(connection: Connection, found: Row[*tuple[Any, ...]], row: Mapping[str, Any], now: datetime) -> Known | None:
    """What is known of `found`, which is given up; None if it has been made `row`, to be done by whoever asks."""
    mine, answer = update(request_once).where(request_once.c.key == found.key), unpacked(found.answer)
    if found.status == 0:
        connection.execute(mine.values(**row))
        return None
    if found.asked == row["asked"]:
        connection.execute(mine.values(until=instant(now + KEPT), answer=packed({**answer, BY: new_name()})))
    return Known(found.asked, LOST, answer, found.until)


def _over(key: str, now: str) -> Any:
    return (request_once.c.key == key) & (request_once.c.until < now)
