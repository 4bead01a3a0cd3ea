"""Whether the rest of a DICOM file, behind its header, is all there: by lengths alone, without reading pixels."""

from struct import Struct

from repository.formats.dicom.walker import LONG_VRS, SHORT_VRS

_EXPLICIT = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_LENGTH = {True: Struct("<I").unpack_from, False: Struct(">I").unpack_from}
_IMPLICIT = Struct("<HHI").unpack_from  # also the items of encapsulated pixel data: always little endian
_SHORT = frozenset(vr.encode() for vr in SHORT_VRS)
_LONG = frozenset(vr.encode() for vr in LONG_VRS)
_UNDEFINED = 0xFFFFFFFF
_SEQUENCE_END = (0xFFFE, 0xE0DD)
_ITEM = (0xFFFE, 0xE000)


def is_cut(data: bytes, at: int, *, size: int, explicit: bool, little: bool = True) -> bool:
    """Whether an item of `size` bytes, of which `data` are the first, breaks off in an element from `at` on.

    False also where it cannot be told without reading further than `data`.
    """
    while at < size:
        if at + 8 > len(data):
            return size == len(data)
        group, element, vr, length = _EXPLICIT[little](data, at)
        at += 8
        if not explicit:
            length = _LENGTH[True](data, at - 4)[0]
        elif vr in _LONG:
            if at + 4 > len(data):
                return size == len(data)
            length = _LENGTH[little](data, at)[0]
            at += 4
        elif vr not in _SHORT:
            return False
        if length == _UNDEFINED:
            if (group, element) != (0x7FE0, 0x0010):
                return False
            at = _after_fragments(data, at, size=size)
            if at < 0:
                return at == -1
        else:
            at += length
    return at > size


def _after_fragments(data: bytes, at: int, *, size: int) -> int:
    """The offset after encapsulated pixel data (PS3.5 A.4); -1 where it breaks off, -2 where that is not seen."""
    while at + 8 <= len(data):
        group, element, length = _IMPLICIT(data, at)
        at += 8
        if (group, element) == _SEQUENCE_END:
            return at
        if (group, element) != _ITEM:
            return -2
        at += length
        if at > size:
            return -1
    return -1 if len(data) == size else -2
