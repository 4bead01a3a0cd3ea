"""The growing right edge of the tree: all that is needed to append, whatever the size of the log.

For each level of tiles the edge keeps the hashes of the tile that is not full yet, at most 255; the rest of the tree
is closed. Appending hands out tiles as they fill up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from repository.evidence.merkle import EMPTY_ROOT, root
from repository.evidence.tiles import HEIGHT, LEVELS, WIDTH, partial_tiles


@dataclass(frozen=True, slots=True)
class FullTile:
    level: int
    index: int
    hashes: Sequence[bytes]


@dataclass(slots=True)
class Edge:
    """The edge of a tree over `size` entries: `open_tiles[level]` are the hashes of its open tile."""

    size: int = 0
    open_tiles: list[list[bytes]] = field(default_factory=lambda: [[] for _ in range(LEVELS)])

    @classmethod
    def loaded(cls, size: int, tile: Callable[[int, int, int], Sequence[bytes]]) -> "Edge":
        """The edge at `size`, its open tiles read by `tile(level, index, width)`."""
        edge = cls(size=size)
        for level, index, width in partial_tiles(size):
            edge.open_tiles[level] = list(tile(level, index, width))
        return edge

    def copy(self) -> "Edge":
        return Edge(size=self.size, open_tiles=[list(one) for one in self.open_tiles])

    @property
    def room(self) -> int:
        """How many leaves the open tile of level 0 still takes: 1 to 256."""
        return WIDTH - self.size % WIDTH

    def extend(self, leaves: Sequence[bytes]) -> list[FullTile]:
        """Append at most `room` leaf hashes; returns the tiles that this fills, lowest level first."""
        if len(leaves) > self.room:
            raise ValueError("more leaves than the open tile takes")
        self.open_tiles[0] += leaves
        self.size += len(leaves)
        return self._carry(0)

    def close(self, subtree: bytes) -> list[FullTile]:
        """Append a whole tile of level 0 of which nothing but the tree hash is known."""
        if self.size % WIDTH:
            raise ValueError("the open tile is not empty")
        self.size += WIDTH
        self.open_tiles[1].append(subtree)
        return self._carry(1)

    def _carry(self, lowest: int) -> list[FullTile]:
        full = []
        for level in range(lowest, LEVELS - 1):
            hashes = self.open_tiles[level]
            if len(hashes) < WIDTH:
                break
            full.append(FullTile(level=level, index=(self.size >> HEIGHT * (level + 1)) - 1, hashes=hashes))
            self.open_tiles[level + 1].append(root(hashes))
            self.open_tiles[level] = []
        return full

    def root(self) -> bytes:
        """The tree hash: an open tile ends with what lies to its right, an incomplete subtree of the level below."""
        right: bytes | None = None
        for hashes in self.open_tiles:
            nodes = hashes if right is None else [*hashes, right]
            if nodes:
                right = root(nodes)
        return EMPTY_ROOT if right is None else right
