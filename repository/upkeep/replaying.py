"""What follows from the journal against the tables: each row that says otherwise is named.

The deeds are replayed into a second catalogue, by the functions that wrote the tables, and the two are read side by
side in the order of their keys. Rows are named by their place or by keys that name nobody.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from repository.catalogue.catalogue import Catalogue, scratch_catalogue
from repository.catalogue.errors import CatalogueError
from repository.catalogue.following import FollowingRow
from repository.domain.deed import Deed
from repository.evidence.deeds import is_true
from repository.findings import Finding
from repository.journal import FOLDER

_AT_ONCE = 500


def contradictions_of_journal(live: Catalogue, *, archive: str, folder: Path) -> Iterator[Finding]:
    """What the tables of `live` say otherwise than its journal; `folder` takes the second catalogue meanwhile.

    Deeds may be noted meanwhile: the tables and the journal are seen as they were at one moment.
    """
    with closing(scratch_catalogue(folder / "journal.sqlite")) as told:
        stopped = _replay(live, told, archive=archive, last=live.journal.size())
        at_that_moment: list[int] = []
        here = live.journal.following(at_that_moment.append)
        first = next(here, None)
        stopped = stopped or _replay(live, told, archive=archive, last=at_that_moment[0])
        if stopped:
            yield Finding("VFY-JOURNAL-UNFOLLOWED", FOLDER, {"number": stopped})
            return
        yield from _differences(first, here, told.journal.following())


def _replay(live: Catalogue, told: Catalogue, *, archive: str, last: int) -> int:
    """0 if `told` has every deed up to `last`; else the number of the first one that it cannot have."""
    following = told.journal.size() + 1
    waiting = live.journal.lines(after=following - 1, last=last)
    while lines := list(islice(waiting, _AT_ONCE)):
        deeds = []
        for line in lines:
            if line.deed is None or line.number != following or not is_true(line.deed, archive=archive):
                return following
            deeds.append(line.deed)
            following += 1
        if refused := _refused(told, deeds):
            return refused
    return following if following <= last else 0


def _refused(told: Catalogue, deeds: list[Deed]) -> int:
    """0 if `told` has the deeds now; else the number of the one that it does not take."""
    try:
        told.journal.restore(deeds)
    except (CatalogueError, KeyError, TypeError, ValueError):
        if len(deeds) == 1:
            return deeds[0].number
        return next((number for deed in deeds if (number := _refused(told, [deed]))), 0)
    return 0


def _differences(
    first: FollowingRow | None, here: Iterator[FollowingRow], there: Iterator[FollowingRow]
) -> Iterator[Finding]:
    live, told = first, next(there, None)
    while live or told:
        if told is None or (live and live.key < told.key):
            assert live  # noqa: S101  for the type checker: one of the two is there
            yield _about(live, "VFY-JOURNAL-ADDED")
            live = next(here, None)
        elif live is None or told.key < live.key:
            yield _about(told, "VFY-JOURNAL-LOST")
            told = next(there, None)
        else:
            if live.content != told.content:
                yield _about(live, "VFY-JOURNAL-CHANGED")
            live, told = next(here, None), next(there, None)


def _about(row: FollowingRow, code: str) -> Finding:
    return Finding(code, FOLDER, {"table": row.table, "row": row.named})
