"""The parts of the log in the object store: tiles, entry bundles, checkpoints, claims.

Everything here is create-only. A part that is there already with the same bytes was written by a run before this one,
or by another signer of the same log; with other bytes it is a contradiction. Parts that have been read and understood
are kept in a bounded cache: they never change.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from repository.evidence.checkpoint import Checkpoint
from repository.evidence.errors import LogContradiction, LogDamaged, NoteError
from repository.evidence.merkle import HashReader, parents
from repository.evidence.note import LARGEST_NOTE, Verifier
from repository.evidence.tiles import (
    CHECKPOINTS,
    HEIGHT,
    WIDTH,
    bundle,
    checkpoint_key,
    checkpoint_size,
    entries_key,
    read_key,
    split_bundle,
    split_tile,
    tile_key,
    width_in,
)
from storage.errors import ObjectExists, ObjectMissing
from storage.objects.port import ObjectStore

LARGEST_PART = max(LARGEST_NOTE, WIDTH * (2 + 0xFFFF))
CACHED_TILES = 256  # with the levels inside each: about 15 MB

Pyramid = list[list[bytes]]


class Shelf:
    """`verifiers` are the keys that checkpoints of this log may be signed with."""

    def __init__(self, store: ObjectStore, *, verifiers: Sequence[Verifier], cached: int = CACHED_TILES) -> None:
        self._store = store
        self._verifiers = tuple(verifiers)
        self._pyramid = lru_cache(maxsize=cached)(self._read_pyramid)

    def put(self, key: str, data: bytes) -> None:
        """`key` holds `data` durably when this returns. Raises `LogContradiction` where it holds something else."""
        if self.settle(key, data) != data:
            raise LogContradiction(place=key)

    def settle(self, key: str, data: bytes) -> bytes:
        """What `key` holds from now on: `data`, or what another writer put there first."""
        try:
            self._store.put(key, [data])
        except ObjectExists:
            return self.read(key)
        return data

    def read(self, key: str) -> bytes:
        """Raises `ObjectMissing`; `LogDamaged` for what is larger than any part of a log."""
        with self._store.open(key) as stream:
            data = stream.read(LARGEST_PART + 1)
        if len(data) > LARGEST_PART:
            raise LogDamaged(key=key, reason="it is too long")
        return data

    def names(self, prefix: str, *, after: str = "") -> Iterator[str]:
        return (found.key for found in self._store.list(prefix, after=after))

    def tile(self, level: int, index: int, *, width: int = WIDTH) -> list[bytes]:
        """The hashes of a tile; a partial one that is gone is read from the full one (tlog-tiles, *Partial Tiles*)."""
        key = tile_key(level, index, width=width)
        try:
            return self.exact_tile(level, index, width=width)
        except ObjectMissing:
            if width == WIDTH:
                raise
        try:
            return self.exact_tile(level, index)[:width]
        except ObjectMissing:
            raise ObjectMissing(key=key) from None

    def exact_tile(self, level: int, index: int, *, width: int = WIDTH) -> list[bytes]:
        """The hashes of the very tile of that width. Raises `ObjectMissing`, `LogDamaged`."""
        key = tile_key(level, index, width=width)
        try:
            return split_tile(self.read(key), width)
        except ValueError as error:
            raise LogDamaged(key=key, reason=str(error)) from error

    def entries(self, index: int, *, width: int = WIDTH) -> list[bytes]:
        """The entries of the very bundle of that width. Raises `ObjectMissing`, `LogDamaged`."""
        key = entries_key(index, width=width)
        try:
            return split_bundle(self.read(key), width)
        except ValueError as error:
            raise LogDamaged(key=key, reason=str(error)) from error

    def part(self, key: str) -> bytes:
        """The bytes of the tile or entry bundle of that name, whose form was checked; a partial one that is gone is
        cut from the whole one. Raises `ObjectMissing`, also for what can be no such name, and `LogDamaged`."""
        named = read_key(key)
        if named is None:
            raise ObjectMissing(key=key)
        level, index, width = named
        if level >= 0:
            return b"".join(self.tile(level, index, width=width))
        try:
            return bundle(self.entries(index, width=width))
        except ObjectMissing:
            if width == WIDTH:
                raise
        return bundle(self.entries(index)[:width])

    def hash_reader(self, size: int) -> HashReader:
        """A reader of the complete subtrees of the tree over `size` entries."""

        def hash_at(level: int, index: int) -> bytes:
            above, inside = divmod(level, HEIGHT)
            tile, at = divmod(index << inside, WIDTH)
            pyramid = self._pyramid(above, tile, width_in(size, level=above, index=tile))
            return pyramid[inside][at >> inside]

        return hash_at

    def _read_pyramid(self, level: int, index: int, width: int) -> Pyramid:
        pyramid = [self.tile(level, index, width=width)]
        while len(pyramid[-1]) > 1:
            pyramid.append(parents(pyramid[-1]))
        return pyramid

    def checkpoint(self, size: int) -> Checkpoint:
        """The checkpoint over `size` entries, its signature verified. Raises `ObjectMissing`, `LogDamaged`."""
        key = checkpoint_key(size)
        try:
            found = Checkpoint.opened(self.read(key), self._verifiers)
        except NoteError as error:
            raise LogDamaged(key=key, reason=f"{error.code}, its signature or form is not right") from error
        if found.size != size:
            raise LogDamaged(key=key, reason="it lies under the name of another size")
        return found

    def newest_size(self, *, at_least: int | None = None) -> int | None:
        """The size of the newest checkpoint by name; with `at_least`, only names from that size on are listed."""
        after = "" if at_least is None else checkpoint_key(at_least - 1) if at_least else ""
        newest = None
        for key in self.names(CHECKPOINTS, after=after):
            size = checkpoint_size(key)
            newest = newest if size is None else size
        return newest
