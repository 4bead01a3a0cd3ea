"""Where each hash and entry of the log lies: the geometry of C2SP tlog-tiles as pure functions.

A tile holds up to 256 hashes of one level; each hash of level L + 1 is the tree hash of a full tile of level L. A
tile that is not full is stored under its width (`.p/<W>`), and never changed: the wider one is another object. Entry
bundles hold the entries behind the tiles of level 0, each after its length in two bytes.
"""

import re
from collections.abc import Sequence

HEIGHT = 8
WIDTH = 256  # hashes of a full tile
HASH_SIZE = 32
LEVELS = 8  # 256**8 entries: more than an index of 64 bits can name

CHECKPOINTS = "log/checkpoint/"
CLAIMS = "log/next/"
ENTRIES = "log/tile/entries/"

_CHECKPOINT = re.compile(r"log/checkpoint/([0-9]{20})", re.ASCII)
_TILE = re.compile(r"log/tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


def index_path(index: int) -> str:
    """1234067 → `x001/x234/067`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def tile_key(level: int, index: int, *, width: int = WIDTH) -> str:
    return f"log/tile/{level}/{index_path(index)}{_part(width)}"


def entries_key(index: int, *, width: int = WIDTH) -> str:
    return f"{ENTRIES}{index_path(index)}{_part(width)}"


def _part(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def read_key(key: str) -> tuple[int, int, int] | None:
    """(level, index, width) of a tile's name, level -1 for an entry bundle; None for any other name."""
    match = _TILE.fullmatch(key)
    if match is None:
        return None
    level = -1 if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3] or WIDTH)
    again = entries_key(index, width=width) if level < 0 else tile_key(level, index, width=width)
    return (level, index, width) if again == key and width <= WIDTH else None


def checkpoint_key(size: int) -> str:
    return f"{CHECKPOINTS}{size:020d}"


def checkpoint_size(key: str) -> int | None:
    match = _CHECKPOINT.fullmatch(key)
    return int(match[1]) if match else None


def claim_key(size: int | None) -> str:
    """Where the successor of the checkpoint over `size` entries is settled; None: the very first one."""
    return f"{CLAIMS}start" if size is None else f"{CLAIMS}{size:020d}"


def width_in(size: int, *, level: int, index: int) -> int:
    """How many hashes tile `index` of `level` holds in a tree over `size` entries: 0 to 256."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


def partial_tiles(size: int) -> list[tuple[int, int, int]]:
    """(level, index, width) of the tiles of a tree over `size` entries that are not full, lowest level first."""
    found = []
    for level in range(LEVELS):
        index, width = divmod(size >> HEIGHT * level, WIDTH)
        if width:
            found.append((level, index, width))
    return found


def split_tile(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile. Raises ValueError where the bytes are not `width` hashes."""
    if len(data) != width * HASH_SIZE:
        raise ValueError(f"{len(data)} bytes, {width * HASH_SIZE} expected")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length as a big-endian uint16."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def split_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle. Raises ValueError where the bytes are not exactly `width` entries."""
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) <= width:
        start = at + 2  # a cut-off length reads short, and then start lies past the end
        stop = start + int.from_bytes(data[at:start])
        if start > len(data) or stop > len(data):
            raise ValueError("an entry is cut off")
        entries.append(data[start:stop])
        at = stop
    if len(entries) != width:
        raise ValueError(f"{width} entries expected")
    return entries
