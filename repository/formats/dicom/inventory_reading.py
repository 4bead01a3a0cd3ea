"""Inventories as `inventory` writes them → their instances, one study in memory at a time.

Only those of this archive's software have digests, and only in explicit VR little endian is it said what they are: so
a file of another kind is none to read here. What ends early, or tells of fewer studies than it says, is not read whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, unpack
from typing import BinaryIO

from repository.formats.dicom.elements import EXPLICIT_LITTLE, UnusualEncoding
from repository.formats.dicom.identifiers import Element, IdentifierUnreadable, elements_of
from repository.formats.dicom.inventory import BLOCK, COMPLETE, CREATOR, INVENTORY_STORAGE
from repository.formats.dicom.part10 import beginning
from repository.formats.dicom.walker import LONG_VRS

_HEAD, _LENGTH = Struct("<HH2sH"), Struct("<I")
_ITEM = Struct("<HHI")
_STUDIES = 0x00080423
_FIRST, _LARGEST, _REST = 1 << 12, 1 << 30, 1 << 16  # bytes: of a heading; of a study; of what follows them all
_UNDEFINED, _MOST = 0xFFFFFFFF, 1 << 30


class InventoryUnreadable(Exception):
    """Internal signal: no inventory of ours, or not all of one."""


@dataclass(frozen=True, slots=True)
class Inventoried:
    """An instance as an inventory tells of it."""

    study: str
    sop_instance: str
    sha256: bytes
    size: int
    log_index: int


def read_inventory(stream: BinaryIO) -> Iterator[Inventoried]:
    """The instances that the file tells of, in its order. Raises `InventoryUnreadable`, in the midst of them as well:
    nothing is sure before the last one has come."""
    studies = 0
    _to_studies(stream)
    while (item := _item(stream)) is not None:
        studies += 1
        try:
            yield from _instances(elements_of(item, syntax=EXPLICIT_LITTLE, most=_MOST))
        except IdentifierUnreadable:
            raise InventoryUnreadable from None
    _must_be_whole(stream, studies)


def _to_studies(stream: BinaryIO) -> None:
    """The stream stands at the first study."""
    try:
        begins = beginning(stream.read(_FIRST))
    except UnusualEncoding:
        raise InventoryUnreadable from None
    if (begins.sop_class, begins.transfer_syntax) != (INVENTORY_STORAGE, EXPLICIT_LITTLE):
        raise InventoryUnreadable
    stream.seek(begins.start)
    while True:
        group, number, vr, length = _HEAD.unpack(_exactly(stream, _HEAD.size))
        if vr.decode("latin_1") in LONG_VRS:
            (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
        if group << 16 | number == _STUDIES and length == _UNDEFINED:
            return
        if length > _REST or group << 16 | number >= _STUDIES:
            raise InventoryUnreadable
        _exactly(stream, length)


def _item(stream: BinaryIO) -> bytes | None:
    """The next study; None behind the last one."""
    group, number, length = _ITEM.unpack(_exactly(stream, _ITEM.size))
    if (group, number, length) == (0xFFFE, 0xE0DD, 0):
        return None
    if (group, number) != (0xFFFE, 0xE000) or length > _LARGEST:
        raise InventoryUnreadable
    return _exactly(stream, length)


def _instances(study: Sequence[Element]) -> Iterator[Inventoried]:
    uid = _text(study, 0x0020000D)
    for series in _items(study, 0x00080424):
        for each in _items(series, 0x00080425):
            digest, size, index = (_value(each, BLOCK + at) for at in (1, 2, 3))
            if _text(each, 0x00090010) != CREATOR or (len(digest), len(size), len(index)) != (32, 8, 8):
                raise InventoryUnreadable
            yield Inventoried(uid, _text(each, 0x00080018), digest, *unpack("<QQ", size + index))


def _must_be_whole(stream: BinaryIO, studies: int) -> None:
    try:
        rest = elements_of(stream.read(_REST), syntax=EXPLICIT_LITTLE)
    except IdentifierUnreadable:
        raise InventoryUnreadable from None
    if _text(rest, 0x00080426) != COMPLETE or _value(rest, 0x00080428) != studies.to_bytes(8, "little"):
        raise InventoryUnreadable


def _exactly(stream: BinaryIO, length: int) -> bytes:
    found = stream.read(length)
    if len(found) != length:
        raise InventoryUnreadable
    return found


def _items(elements: Sequence[Element], tag: int) -> Sequence[Sequence[Element]]:
    return next((each.items or [] for each in elements if each.tag == tag), [])


def _value(elements: Sequence[Element], tag: int) -> bytes:
    return next((each.value for each in elements if each.tag == tag), b"")


def _text(elements: Sequence[Element], tag: int) -> str:
    return _value(elements, tag).decode("ascii", "replace").strip(" \0")
