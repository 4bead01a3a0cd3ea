"""Requests that are done once, however often they are sent (draft-ietf-httpapi-idempotency-key-header).

A request that has a key is noted before it is done, and its answer afterwards. Whoever sends it again gets the answer;
while it is being done, nothing is done. A process that died at it gives it up when its time is over: then it is done
again if nothing of it was written, and if something was (`doing.py`), what that is is told instead of an answer.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, select, update

from repository.catalogue.desk import Desk
from repository.catalogue.doing import MARKED, Doing, Written, done_here
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.request_tables import request_once
from repository.catalogue.text import packed, unpacked
from repository.clock import instant

AT_WORK = timedelta(minutes=5)
KEPT = timedelta(hours=24)
LOST = MARKED
_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What was sent with a key: `asked` is its digest; `status` is 0 while it has no answer, and `LOST` where whoever
    did it gave none though something of it was done."""

    asked: str
    status: int
    answer: Mapping[str, Any]

    @property
    def written(self) -> Written:
        """What was made, of one that is `LOST`."""
        return Written(**self.answer)


def key_of(caller: str, key: str) -> str:
    return sha256(f"{caller}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


class RequestsOnce(Desk):
    def begin(self, key: str, asked: str) -> Known | None:
        """None if it is to be done now, by whoever asks; else what is known of it. Durable before it is told."""
        now, there = self._now(), request_once.c
        old = select(there.key).where(there.until < instant(now)).limit(_FORGOTTEN_AT_ONCE).scalar_subquery()
        row = {"key": key, "asked": asked, "until": instant(now + AT_WORK), "status": 0, "answer": packed({})}
        try:
            with self._room.writing() as connection:
                connection.execute(delete(request_once).where(there.key.in_(old) | _over(key, instant(now))))
                found = connection.execute(select(request_once).where(there.key == key)).one_or_none()
                if found is not None:
                    return Known(found.asked, _status(found, now=now), unpacked(found.answer))
                connection.execute(insert(request_once), row)
        except CatalogueConflict:  # another process was faster by a moment
            return Known(asked, 0, {})
        return None

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
            if row is not None and row.status == MARKED and Known(row.asked, MARKED, unpacked(row.answer)).written:
                connection.execute(update(request_once).where(mine).values(until=lost))
            else:
                connection.execute(delete(request_once).where(mine))

    def forget(self, key: str) -> None:
        """Nothing came of it: it may be sent again with the same key."""
        with self._room.writing() as connection:
            connection.execute(delete(request_once).where(request_once.c.key == key))


def _status(row: Any, *, now: datetime) -> int:
    """A marked one has been so for as long as its day is shorter now: whoever is at it may still be."""
    if row.status == MARKED and row.until > instant(now + KEPT - AT_WORK):
        return 0
    status: int = row.status
    return status


def _over(key: str, now: str) -> Any:
    return (request_once.c.key == key) & (request_once.c.until < now)
