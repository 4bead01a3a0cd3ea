"""The member of a header object: a compressed index, then blocks, each of them compressed on its own.

A block is JSON objects joined by commas, one for each instance. The index says where each stands, so that one instance
is read from one block. Addresses of bulk data begin with U+0000, in place of what a door sets before them.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

FORMAT = 1
BLOCK = 512 << 10  # bytes of JSON, about a hundred CT images: compresses well, and opens in 2 ms
_INFLATED_CAP = 256 << 20
BASE = b'"BulkDataURI":"\\u0000'
"""What stands in the JSON where an address begins; inside of a value its quotation marks would be escaped."""


class HeadersDamaged(Exception):
    """Internal signal: not what `packed` made. It is made again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One instance: `length` bytes at `start` of the inflated block with the number `block`."""

    ordinal: int
    sop: str
    block: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Index:
    """`blocks`: (offset in the member, length) of each, in order."""

    blocks: tuple[tuple[int, int], ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """`member` is the whole; its first `index_length` bytes are the index. `sha256` is that of `member`."""

    member: bytes
    index_length: int
    instances: int

    @property
    def sha256(self) -> bytes:
        return sha256(self.member).digest()


def packed(instances: Iterable[tuple[int, str, dict[str, Any]]]) -> Packed:
    """(ordinal, SOP Instance UID, DICOM JSON) of each instance, in the order in which they will be told."""
    blocks: list[bytes] = []
    entries: list[list[object]] = []
    held = bytearray()
    for ordinal, sop, model in instances:
        text = orjson.dumps(model)
        start = len(held) + 1 if held else 0
        held += (b"," if held else b"") + text
        entries.append([ordinal, sop, len(blocks), start, len(text)])
        if len(held) >= BLOCK:
            blocks.append(zlib.compress(held, 6))
            held.clear()
    if held:
        blocks.append(zlib.compress(held, 6))
    said = {"format": FORMAT, "lengths": [len(block) for block in blocks], "entries": entries}
    index = zlib.compress(orjson.dumps(said), 6)
    return Packed(index + b"".join(blocks), len(index), len(entries))


def index_of(raw: bytes) -> Index:
    """The index from its bytes. Raises `HeadersDamaged`."""
    try:
        said = orjson.loads(inflated(raw))
        if said["format"] != FORMAT:
            raise HeadersDamaged
        blocks, at = [], len(raw)
        for length in said["lengths"]:
            blocks.append((at, length))
            at += length
        entries = tuple(Entry(*each) for each in said["entries"])
    except (KeyError, TypeError, ValueError) as error:
        raise HeadersDamaged from error
    return Index(tuple(blocks), entries)


def inflated(raw: bytes) -> bytes:
    """A block or an index. Raises `HeadersDamaged`."""
    engine = zlib.decompressobj()
    try:
        text = engine.decompress(raw, _INFLATED_CAP)
    except zlib.error as error:
        raise HeadersDamaged from error
    if not engine.eof:
        raise HeadersDamaged
    return text


def chosen_from(block: bytes, entries: Sequence[Entry]) -> bytes:
    """The JSON of `entries`, all of them of the inflated `block`, joined by commas."""
    return b",".join(block[each.start : each.start + each.length] for each in entries)


def by_block(entries: Iterable[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """(number of the block, its entries), in order."""
    found: dict[int, list[Entry]] = {}
    for each in entries:
        found.setdefault(each.block, []).append(each)
    yield from sorted(found.items())
