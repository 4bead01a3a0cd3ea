"""How a DICOM file begins: preamble, file meta information, and where the data set starts (PS3.10 7).

Files without preamble or meta information exist (old exports, C-STORE spools written as they came): then the first
elements say which encoding it is.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Literal

from repository.formats.dicom.elements import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    EndsEarly,
    UnusualEncoding,
)
from repository.formats.dicom.heading import heading_end
from repository.formats.dicom.walker import LONG_VRS, SHORT_VRS

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
PREAMBLE = 128
_PREFIX = b"DICM"
_SHORT = frozenset(vr.encode() for vr in SHORT_VRS)
_LONG = frozenset(vr.encode() for vr in LONG_VRS)
_HEADER = Struct("<HH2sH").unpack_from
_LENGTH = Struct("<I").unpack_from
_META_VALUES = {0x0002: "sop_class", 0x0003: "sop_instance", 0x0010: "transfer_syntax"}
_PROBED_ELEMENTS = 3


@dataclass(frozen=True, slots=True)
class Beginning:
    """`start` is the offset of the data set. Text is empty where the meta information does not give it."""

    start: int
    preamble: bool
    transfer_syntax: str = ""
    sop_class: str = ""
    sop_instance: str = ""


def has_preamble(data: bytes) -> bool:
    return data[PREAMBLE : PREAMBLE + 4] == _PREFIX


def beginning(data: bytes) -> Beginning:
    """Where the data set starts and what group 0002 says; group length is not relied on, as writers get it wrong, but
    for a heading of our own.

    Raises `UnusualEncoding` where the meta information is not explicit VR little endian (PS3.10 7.1).
    """
    preamble = has_preamble(data)
    pos = PREAMBLE + 4 if preamble else 0
    found: dict[str, str] = {}
    end = heading_end(data) or len(data)
    while pos + 8 <= end:
        group, element, vr, length = _HEADER(data, pos)
        if group != 0x0002:
            return Beginning(start=pos, preamble=preamble, **found)
        at = pos + 8
        if vr in _LONG:
            if at + 4 > len(data):
                raise EndsEarly
            length = _LENGTH(data, at)[0]
            at += 4
        elif vr not in _SHORT:
            raise UnusualEncoding
        pos = at + length
        if pos > len(data):
            raise EndsEarly
        if element in _META_VALUES:
            found[_META_VALUES[element]] = data[at:pos].decode("latin-1").strip("\0 ")
    if pos < end:
        raise EndsEarly
    return Beginning(start=pos, preamble=preamble, **found)


def guess_syntax(data: bytes, start: int) -> str:
    """The transfer syntax that the first element of the data set shows, where none is named."""
    vr = data[start + 4 : start + 6]
    if vr in _SHORT or vr in _LONG:
        # a group below 0x0100 in big endian reads as 0x0100 and more in little endian
        return EXPLICIT_BIG if data[start : start + 1] == b"\0" else EXPLICIT_LITTLE
    return IMPLICIT_LITTLE


def looks_like_data_set(head: bytes, *, size: int) -> bool:
    """Whether the bytes begin like a data set that was written without preamble.

    The first element is in group 0002, 0004 or 0008; it and the next ones are in ascending order with known value
    representations, or lengths that fit (implicit VR).
    """
    if len(head) < 16 or not (head[:2] in {b"\2\0", b"\4\0", b"\x08\0"} or head[:2] in {b"\0\4", b"\0\x08"}):
        return False
    order: Literal["big", "little"] = "big" if head[0] == 0 else "little"
    pos, previous, seen = 0, -1, 0
    while seen < _PROBED_ELEMENTS:
        if pos + 8 > len(head):
            return seen > 0 and (pos == size or (seen > 1 and pos <= size and len(head) < size))
        tag = int.from_bytes(head[pos : pos + 2], order) << 16 | int.from_bytes(head[pos + 2 : pos + 4], order)
        if tag <= previous or tag >> 16 > 0x0028:
            return False
        following = _after(head, pos, order=order)
        if following < 0 or following > size:
            return False
        previous, pos, seen = tag, following, seen + 1
    return True


def _after(head: bytes, pos: int, *, order: Literal["big", "little"]) -> int:
    """The offset after the element at `pos`; -1 where that is no element. An undefined length ends the probe well."""
    vr = head[pos + 4 : pos + 6]
    if vr in _SHORT:
        return pos + 8 + int.from_bytes(head[pos + 6 : pos + 8], order)
    if vr in _LONG:
        if head[pos + 6 : pos + 8] != b"\0\0" or pos + 12 > len(head):
            return -1
        length, at = int.from_bytes(head[pos + 8 : pos + 12], order), pos + 12
    elif order == "big":
        return -1  # big endian is explicit VR only (PS3.5 A.3)
    else:
        length, at = int.from_bytes(head[pos + 4 : pos + 8], "little"), pos + 8
    return at if length == 0xFFFFFFFF else at + length
