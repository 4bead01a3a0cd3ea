"""What need not be written again."""

from collections.abc import Hashable, Iterable

from repository.catalogue.flattening import SharedBodies


class Written:
    """What is committed of one takeover that later items say again: their patient, their study, their series, the key
    they lie under. Nothing takes these rows away, and of items with higher ordinals nothing changes them: so they are
    not written again, seven statements of twelve for the second image of a series."""

    MOST = 20_000  # rows; 5 MB

    def __init__(self) -> None:
        self._rows: set[Hashable] = set()
        self.alike = SharedBodies()  # what the last one said that its neighbours say too

    def __contains__(self, row: Hashable) -> bool:
        return row in self._rows

    def add(self, rows: Iterable[Hashable]) -> None:
        """`rows` are committed now."""
        if len(self._rows) > self.MOST:
            self._rows.clear()
        self._rows.update(rows)
