"""The time that has to pass until a request that nobody answers is given up, where it has to; and what has been made by
then."""

from sqlalchemy import select, update

from repository.catalogue.doing import BY, MARKED
from repository.catalogue.request_tables import request_once
from repository.catalogue.requests_once import AT_WORK, KEPT
from repository.catalogue.text import packed, unpacked
from repository.clock import instant, now
from tests.api.served import Served
from tests.peers.named import with_part


def let_pass(served: Served) -> None:
    """It has passed for every request that has no answer."""
    over = now() - AT_WORK
    with served.archive.catalogue._room.writing() as connection:
        for status, until in ((MARKED, over + KEPT), (0, over)):
            change = update(request_once).where(request_once.c.status == status)
            connection.execute(change.values(until=instant(until)))


def is_elsewhere(served: Served, key: str) -> None:
    """Whoever does the request of this key is on another machine."""
    mine = request_once.c.key == key
    with served.archive.catalogue._room.writing() as connection:
        answer = unpacked(connection.execute(select(request_once.c.answer).where(mine)).scalar_one())
        whole = packed({**answer, BY: with_part(answer[BY], 0, "elsewhere")})
        connection.execute(update(request_once).where(mine).values(answer=whole))


def made_so_far(served: Served) -> tuple[int, int, int]:
    """Deeds that are no accounts, for looking twice makes two; jobs that were asked for; takeovers."""
    room = served.archive.catalogue
    changed = sum(each.kind != "account" for each in room.journal.deeds())
    asked = [each for each in room.jobs.jobs(limit=1000) if each.kind in ("verify", "conclude")]
    return changed, len(asked), len(room.takeovers())
