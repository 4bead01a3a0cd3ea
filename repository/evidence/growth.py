"""Taking new entries into the tree: bundles and tiles, in the order that a later run can take up."""

from repository.evidence.edge import Edge
from repository.evidence.errors import LogDamaged
from repository.evidence.merkle import leaf_hash
from repository.evidence.shelf import Shelf
from repository.evidence.source import EntrySource
from repository.evidence.tiles import HASH_SIZE, HEIGHT, WIDTH, bundle, entries_key, partial_tiles, tile_key

BATCH = 64 * WIDTH  # entries asked of the catalogue at once: half a megabyte


def grown(shelf: Shelf, source: EntrySource, *, edge: Edge, size: int) -> Edge:
    """The edge at `size`, when all bundles and tiles between `edge` and there are stored.

    `edge` itself is left as it is. Memory does not depend on how much there is to add. Raises `LogContradiction`
    where the store holds another tile under the same name.
    """
    new = edge.copy()
    at = new.size - new.size % WIDTH  # the bundle that is open holds entries which are in the tree already
    while at < size:
        batch = _entries(source, at, min(size, at + BATCH))
        for start in range(0, len(batch), WIDTH):
            part = batch[start : start + WIDTH]
            if at + start + len(part) > new.size:
                _append(shelf, new, index=(at + start) // WIDTH, part=part)
        at += len(batch)
    for level, index, width in partial_tiles(size):
        if size >> HEIGHT * level != edge.size >> HEIGHT * level:
            shelf.put(tile_key(level, index, width=width), b"".join(new.open_tiles[level]))
    return new


def _append(shelf: Shelf, edge: Edge, *, index: int, part: list[bytes]) -> None:
    shelf.put(entries_key(index, width=len(part)), bundle(part))
    fresh = part[edge.size % WIDTH :]
    for tile in edge.extend([leaf_hash(one) for one in fresh]):
        shelf.put(tile_key(tile.level, tile.index), b"".join(tile.hashes))


def _entries(source: EntrySource, start: int, stop: int) -> list[bytes]:
    found = [bytes(one) for one in source.entries(start, stop)]
    if len(found) != stop - start or any(len(one) != HASH_SIZE for one in found):
        raise LogDamaged(key=f"catalogue [{start}:{stop}]", reason="entries are missing or not 32 bytes long")
    return found
