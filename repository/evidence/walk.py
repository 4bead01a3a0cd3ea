"""The tree computed anew from left to right, in constant memory, and compared with all that is stored of it.

There are three accounts of each leaf: its bundle, its tile, and the catalogue. Where they differ, the hash that the
tile above keeps of them says which one is right, or at the right edge the signed root; failing that, two against one.
So the report names the part that is wrong and no other.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from repository.evidence.edge import Edge, FullTile
from repository.evidence.errors import LogDamaged
from repository.evidence.merkle import leaf_hash, root
from repository.evidence.shelf import Shelf
from repository.evidence.source import EntrySource
from repository.evidence.tiles import WIDTH, entries_key, partial_tiles, tile_key, width_in
from repository.findings import Finding
from storage.errors import ObjectMissing

BATCH = 64 * WIDTH  # entries asked of the catalogue at once

Leaves = list[bytes]


def about(code: str, key: str, **params: str | int) -> Finding:
    return Finding(code=code, subject=key, params={"key": key, **params})


@dataclass(frozen=True, slots=True)
class Statement:
    """Somebody says that the tree of some size has this root; `key` names who."""

    key: str
    root: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """What one part in the store says of the leaves under it; `fault` is a finding code where it cannot be read."""

    key: str
    leaves: Leaves | None
    fault: str = ""


def account(key: str, read: Callable[[], Leaves]) -> Account:
    try:
        return Account(key=key, leaves=read())
    except ObjectMissing:
        return Account(key=key, leaves=None, fault="LOG-101")
    except LogDamaged:
        return Account(key=key, leaves=None, fault="LOG-102")


def against(one: Account, truth: Leaves | None) -> Iterator[Finding]:
    if one.fault:
        yield about(one.fault, one.key)
    elif one.leaves != truth:
        yield about("LOG-102", one.key)


class Walk:
    """One pass. `statements`: by size, what is said of the root; `signed`: sizes whose partial tiles are stored."""

    def __init__(
        self,
        shelf: Shelf,
        source: EntrySource,
        *,
        statements: Mapping[int, Sequence[Statement]],
        signed: Collection[int],
    ) -> None:
        self._shelf = shelf
        self._source = source
        self._statements = statements
        self._stops = sorted(statements)
        self._signed = signed
        self._size = max(signed, default=0)
        self._committed = min(source.size(), self._size)
        self._edge = Edge()
        self._above: tuple[int, Leaves | None] = (-1, None)
        self._compared: dict[int, tuple[int, int]] = {}
        self._batch: tuple[int, Sequence[bytes]] = (0, ())

    def run(self) -> Iterator[Finding]:
        yield from self._stop(0)
        for index in range(-(-self._size // WIDTH)):
            start, width = index * WIDTH, width_in(self._size, level=0, index=index)
            leaves = yield from self._leaves(index, width)
            if leaves is not None:
                yield from self._append(leaves)
                continue
            above = self._parent(index, width)
            if above is None:
                yield about("LOG-109", entries_key(index, width=width), index=start)
                return
            yield from self._full(self._edge.close(above))
            yield from self._stop(start + width)

    def _append(self, leaves: Leaves) -> Iterator[Finding]:
        start = self._edge.size
        stop = start + len(leaves)
        inside = self._stops[bisect_right(self._stops, start) : bisect_left(self._stops, stop)]
        for at in [*inside, stop]:
            yield from self._full(self._edge.extend(leaves[self._edge.size - start : at - start]))
            yield from self._stop(at)

    def _leaves(self, index: int, width: int) -> Generator[Finding, None, Leaves | None]:
        """The leaves under tile `index` as far as they can be told; what contradicts them is reported."""
        bundle, tile = self._bundle(index, width), self._tile(0, index, width)
        known = self._entries(index * WIDTH, width)
        accounts = [one for one in (bundle.leaves, tile.leaves, known if len(known) == width else None) if one]
        truth = self._settled(accounts, index=index, width=width)
        yield from against(bundle, truth)
        yield from against(tile, truth)
        if truth is not None:
            yield from _runs(known, truth, start=index * WIDTH)
        return truth

    def _settled(self, accounts: Sequence[Leaves], *, index: int, width: int) -> Leaves | None:
        if not accounts:
            return None
        most, votes = Counter(map(tuple, accounts)).most_common(1)[0]
        above = self._parent(index, width)
        for leaves in accounts:
            if above is not None and root(leaves) == above:
                return leaves
            if index * WIDTH + width == self._size and self._leads_to_root(leaves):
                return leaves
        # One account against the tile above: that one was checked by its own parent, or will be by a signed root.
        return None if above is not None and votes == 1 else list(most)

    def _leads_to_root(self, leaves: Leaves) -> bool:
        edge = self._edge.copy()
        edge.extend(leaves)
        return edge.root() == self._statements[self._size][0].root

    def _parent(self, index: int, width: int) -> bytes | None:
        """What the tile above says of a full tile of level 0."""
        if width < WIDTH:
            return None
        above, at = divmod(index, WIDTH)
        if self._above[0] != above:
            self._above = (above, self._tile(1, above, width_in(self._size, level=1, index=above)).leaves)
        hashes = self._above[1]
        return None if hashes is None else hashes[at]

    def _tile(self, level: int, index: int, width: int) -> Account:
        key = tile_key(level, index, width=width)
        return account(key, lambda: self._shelf.exact_tile(level, index, width=width))

    def _bundle(self, index: int, width: int) -> Account:
        key = entries_key(index, width=width)
        return account(key, lambda: [leaf_hash(one) for one in self._shelf.entries(index, width=width)])

    def _entries(self, start: int, width: int) -> Leaves:
        """The catalogue's account of `[start, start + width)`: shorter where it holds less."""
        first, batch = self._batch
        if start >= first + len(batch):
            stop = max(start, min(self._committed, start + BATCH))
            first, batch = self._batch = (start, self._source.entries(start, stop) if stop > start else ())
        return [leaf_hash(bytes(one)) for one in batch[start - first : start - first + width]]

    def _full(self, tiles: Sequence[FullTile]) -> Iterator[Finding]:
        for tile in tiles:
            if tile.level > 0:  # those of level 0 were accounts of their leaves
                yield from against(self._tile(tile.level, tile.index, WIDTH), list(tile.hashes))

    def _stop(self, at: int) -> Iterator[Finding]:
        """Everything that is said and stored of the tree over `at` entries; the edge has just got there."""
        if at in self._statements:
            found = self._edge.root()
            for one in self._statements[at]:
                if one.root != found:
                    yield about("LOG-105", one.key, size=at)
        if at not in self._signed:
            return
        for level, index, width in partial_tiles(at):
            if (level == 0 and at == self._size) or self._compared.get(level) == (index, width):
                continue
            self._compared[level] = (index, width)
            yield from against(self._tile(level, index, width), self._edge.open_tiles[level])
            if level == 0:
                yield from against(self._bundle(index, width), self._edge.open_tiles[0])


def _runs(known: Leaves, truth: Leaves, *, start: int) -> Iterator[Finding]:
    """Stretches of entries in which the catalogue says something else; entries that it has not got are no stretch."""
    first = None
    for at in range(len(known) + 1):
        differs = at < len(known) and known[at] != truth[at]
        if differs and first is None:
            first = at
        elif not differs and first is not None:
            yield about("LOG-107", "catalogue", index=start + first, count=at - first)
            first = None
