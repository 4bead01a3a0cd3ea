"""Packs, their rows and the store's listing side by side: three ascending streams merged on the object's name.

What stands alone is reported: rows in an object that has no row of its own, objects that no row knows.
"""

from collections.abc import Callable, Iterator
from itertools import groupby

from repository.catalogue.catalogue import Catalogue
from repository.domain.holding import Holding
from repository.domain.takeover import Takeover
from repository.findings import Finding
from repository.takeover.sealing import folder_of
from repository.upkeep.checking import Subject
from storage.objects.port import ObjectStore, StoredObject

_PAST_THE_LAST = 1 << 62  # an offset behind every member of an object


class _Groups:
    """Holdings by object, taken in ascending order."""

    def __init__(self, holdings: Iterator[Holding]) -> None:
        self._groups = groupby(holdings, key=lambda holding: holding.location.object_id)
        self._next = self._advance()

    def _advance(self) -> tuple[str, tuple[Holding, ...]] | None:
        group = next(self._groups, None)
        return (group[0], tuple(group[1])) if group else None

    def before(self, object_id: str | None) -> Iterator[tuple[str, tuple[Holding, ...]]]:
        """The groups that come before `object_id`; all that are left for None."""
        while self._next and (object_id is None or self._next[0] < object_id):
            yield self._next
            self._next = self._advance()

    def of(self, object_id: str) -> tuple[Holding, ...]:
        if self._next is None or self._next[0] != object_id:
            return ()
        found, self._next = self._next[1], self._advance()
        return found


def subjects(
    catalogue: Catalogue, store: ObjectStore, takeover: Takeover, *, after: str, report: Callable[[Finding], None]
) -> Iterator[Subject]:
    """Every pack of the takeover beyond the object `after`, with its rows and its place in the listing."""
    folder = folder_of(takeover.id) + "/"
    rows = _Groups(catalogue.holdings(takeover.number, after=(after, _PAST_THE_LAST) if after else ("", -1)))
    listing = store.list(folder, after=folder + after)
    held = next(listing, None)

    def orphaned(object_id: str | None) -> None:
        for name, group in rows.before(object_id):
            report(Finding("VFY-ROW-ORPHAN", f"{takeover.id}/object/{name}", {"count": len(group)}))

    def stray(there: StoredObject) -> None:
        report(Finding("VFY-STRAY", f"{takeover.id}/object/{there.key.removeprefix(folder)}"))

    for pack in catalogue.packs(takeover.number, after=after):
        orphaned(pack.object_id)
        while held is not None and held.key < pack.key:
            stray(held)
            held = next(listing, None)
        there = None
        if held is not None and held.key == pack.key:
            there, held = held, next(listing, None)
        yield Subject(takeover, pack, rows.of(pack.object_id), there)
    orphaned(None)
    while held is not None:
        stray(held)
        held = next(listing, None)
