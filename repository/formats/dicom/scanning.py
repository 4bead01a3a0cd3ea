"""Every element of a data set, in any encoding that the standard has (PS3.5 7, A), with the places of its values.

For what needs more than the catalogue's plan: metadata, frames, bulk data, another encoding. Values of the kinds that
may be large stay where they are, and only their places are told, so that an instance of any size is scanned by
reading its header. Where there is no reading on, `UnusualEncoding` is raised: whoever scans says what then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct

from pydicom.datadict import dictionary_VR, private_dictionary_VR

from repository.formats.dicom.elements import (
    DEFLATED,
    EXPLICIT_BIG,
    IMPLICIT_LITTLE,
    EndsEarly,
    UnusualEncoding,
)
from repository.formats.dicom.part10 import beginning, guess_syntax
from repository.formats.dicom.reading import INFLATED_CAP, HeaderUnreadable, inflate
from repository.formats.dicom.walker import LONG_VRS, SHORT_VRS

Read = Callable[[int, int], bytes]
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
UNDEFINED = 0xFFFFFFFF
KEPT = 768  # bytes of a binary value that are read with the header; longer ones are bulk data
WINDOW = 64 << 10
_WIDEST = 64 << 20  # bytes of one element of the header, a whole sequence; its pixel data is elsewhere
_DEEPEST = 48
_SHORT = {vr.encode(): vr for vr in SHORT_VRS}
_LONG = {vr.encode(): vr for vr in LONG_VRS}
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_TAG = {True: Struct("<HH").unpack_from, False: Struct(">HH").unpack_from}
_H = {True: Struct("<H").unpack_from, False: Struct(">H").unpack_from}
_I = {True: Struct("<I").unpack_from, False: Struct(">I").unpack_from}


@dataclass(slots=True)
class Element:
    """One element: `length` bytes at `at`; -1 for encapsulated pixel data, whose end is not known yet. `value` is None
    where the bytes were left in their place; `items` is None for what is no sequence."""

    tag: int
    vr: str
    at: int
    length: int
    value: bytes | None = None
    items: list[list["Element"]] | None = None


@dataclass(slots=True)
class Scanned:
    """A data set. Places are offsets in the item, or in the inflated data set where `inflated` holds it.

    `elements` are those up to pixel data, and after it if they were asked for. `pixels` is pixel data of any kind.
    """

    syntax: str
    explicit: bool
    little: bool
    start: int
    elements: list[Element] = field(default_factory=list)
    pixels: Element | None = None
    inflated: bytes | None = None

    def find(self, tag: int) -> Element | None:
        return next((each for each in self.elements if each.tag == tag), None)


def scan(read: Read, size: int) -> Scanned:
    """The item of `size` bytes, of which `read(offset, length)` gives parts, up to its pixel data. Raises
    `UnusualEncoding`, and what `read` raises."""
    head = read(0, min(size, WINDOW))
    while True:
        try:
            start = beginning(head)
            break
        except EndsEarly:
            if len(head) >= min(size, _WIDEST):
                raise UnusualEncoding from None
            head = read(0, min(size, 4 * len(head)))
    syntax = start.transfer_syntax or guess_syntax(head, start.start)
    found = Scanned(syntax, explicit=syntax != IMPLICIT_LITTLE, little=syntax != EXPLICIT_BIG, start=start.start)
    if syntax in DEFLATED:
        found.inflated = _inflated(read(start.start, size - start.start) if size <= INFLATED_CAP else b"")
        read, size, found.start, head = _within(found.inflated), len(found.inflated), 0, found.inflated
    for element in _top(read, found, found.start, size=size, window=head if found.start < len(head) else b""):
        found.elements.append(element)
        if element.tag in PIXELS:
            found.pixels = element
            break
    return found


def rest(read: Read, found: Scanned, *, after: int, size: int) -> list[Element]:
    """The elements that follow pixel data which ends at `after`. Raises as `scan`."""
    if found.inflated is not None:
        read, size = _within(found.inflated), len(found.inflated)
    return list(_top(read, found, after, size=size, window=b"", first=after))


def _inflated(packed: bytes) -> bytes:
    try:
        data, cut = inflate(packed)
    except HeaderUnreadable as error:
        raise UnusualEncoding from error
    if cut or not data:
        raise UnusualEncoding
    return data


def _within(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def _top(read: Read, found: Scanned, pos: int, *, size: int, window: bytes, first: int = 0) -> Iterator[Element]:
    """The elements from `pos` on, through windows of the item: one that is too small for an element is widened, and
    values that are left in their place are jumped over. `window` begins at `first`."""
    walk = _Walk(explicit=found.explicit, little=found.little)
    base = first
    while size - pos >= 8:
        try:
            element, following = walk.element(window, pos - base, len(window), base=base, top=True)
        except EndsEarly:
            if base + len(window) >= size and pos == base:
                raise UnusualEncoding from None
            width = WINDOW if pos != base else max(WINDOW, 4 * len(window))
            if width > _WIDEST:
                raise UnusualEncoding from None
            base, window = pos, read(pos, min(width, size - pos))
            continue
        if following + base > size:
            raise UnusualEncoding
        pos = following + base
        yield element
        if element.length < 0:
            return


class _Walk:
    """One encoding. Offsets are in the window; `base` is where it begins in the item."""

    def __init__(self, *, explicit: bool, little: bool) -> None:
        self._explicit, self._little = explicit, little
        self._tag, self._half, self._word = _TAG[little], _H[little], _I[little]
        self._creators: dict[int, str] = {}

    def element(
        self, data: bytes, pos: int, end: int, *, base: int, top: bool = False, depth: int = 0
    ) -> tuple[Element, int]:
        """The element at `pos` and the offset after it."""
        if pos + 8 > end or pos < 0:
            raise EndsEarly
        group, number = self._tag(data, pos)
        tag = group << 16 | number
        vr, at, length = self._head(data, pos, end, tag=tag)
        if length == UNDEFINED:
            return self._undefined(data, at, end, tag=tag, vr=vr, base=base, depth=depth, top=top)
        after = at + length
        if vr == "SQ":
            if after > end:
                raise EndsEarly
            items = self._items(data, at, after, base=base, depth=depth, delimited=False)[0]
            return Element(tag, vr, base + at, length, None, items), after
        if tag in PIXELS or (length > KEPT and vr in BINARY):
            if not top and after > end:
                raise EndsEarly
            return Element(tag, vr, base + at, length), after
        if after > end:
            raise EndsEarly
        value = data[at:after]
        if group & 1 and 0x10 <= number <= 0xFF:
            self._creators[group << 8 | number] = value.decode("latin-1").strip("\0 ")
        return Element(tag, vr, base + at, length, value), after

    def _head(self, data: bytes, pos: int, end: int, *, tag: int) -> tuple[str, int, int]:
        """Value representation, offset of the value, its length."""
        if not self._explicit or tag >= 0xFFFE0000:
            if tag >= 0xFFFE0000:
                raise UnusualEncoding
            return self._registered(tag), pos + 8, self._word(data, pos + 4)[0]
        raw = data[pos + 4 : pos + 6]
        if raw in _SHORT:
            return _SHORT[raw], pos + 8, self._half(data, pos + 6)[0]
        if raw not in _LONG:
            raise UnusualEncoding
        if pos + 12 > end:
            raise EndsEarly
        return _LONG[raw], pos + 12, self._word(data, pos + 8)[0]

    def _registered(self, tag: int) -> str:
        if tag >> 16 & 1 and tag & 0xFFFF > 0xFF:
            creator = self._creators.get(tag >> 16 << 8 | tag >> 8 & 0xFF, "")
            return private_vr(tag, creator) if creator else "UN"
        return registered_vr(tag)

    def _undefined(
        self, data: bytes, at: int, end: int, *, tag: int, vr: str, base: int, depth: int, top: bool
    ) -> tuple[Element, int]:
        if tag in PIXELS:
            if not top:
                raise UnusualEncoding
            return Element(tag, vr, base + at, -1), at
        if vr == "UN" and self._explicit:  # its items are in implicit VR little endian (PS3.5 6.2.2)
            walk = _Walk(explicit=False, little=True)
            items, after = walk._items(data, at, end, base=base, depth=depth, delimited=True)
        elif vr in ("SQ", "UN"):
            items, after = self._items(data, at, end, base=base, depth=depth, delimited=True)
        else:
            raise UnusualEncoding
        return Element(tag, "SQ", base + at, after - at, None, items), after

    def _items(
        self, data: bytes, at: int, stop: int, *, base: int, depth: int, delimited: bool
    ) -> tuple[list[list[Element]], int]:
        if depth >= _DEEPEST:
            raise UnusualEncoding
        items: list[list[Element]] = []
        while at < stop or delimited:
            if at + 8 > stop:
                raise EndsEarly
            group, number = self._tag(data, at)
            length, at = self._word(data, at + 4)[0], at + 8
            if group << 16 | number == _SEQUENCE_END and delimited:
                return items, at
            if group << 16 | number != _ITEM:
                raise UnusualEncoding
            item, at = self._item(data, at, stop, length=length, base=base, depth=depth + 1)
            items.append(item)
        return items, at

    def _item(
        self, data: bytes, at: int, stop: int, *, length: int, base: int, depth: int
    ) -> tuple[list[Element], int]:
        end = stop if length == UNDEFINED else at + length
        if end > stop:
            raise EndsEarly
        inner = _Walk(explicit=self._explicit, little=self._little)
        found: list[Element] = []
        while at < end or length == UNDEFINED:
            if length == UNDEFINED:
                if at + 8 > end:
                    raise EndsEarly
                group, number = self._tag(data, at)
                if group << 16 | number == _ITEM_END:
                    return found, at + 8
            element, at = inner.element(data, at, end, base=base, depth=depth)
            found.append(element)
        if at != end:
            raise UnusualEncoding
        return found, at


@lru_cache(maxsize=8192)
def registered_vr(tag: int) -> str:
    """The value representation of PS3.6, `US or SS` where that depends on the pixels; UN for what has none there. Of
    those that may be OW, implicit VR has OW (PS3.5 A.1)."""
    if tag & 0xFFFF == 0:
        return "UL"
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    try:
        found = str(dictionary_VR(tag))
    except KeyError:
        return "UN"
    return "OW" if found.endswith("or OW") else found


@lru_cache(maxsize=8192)
def private_vr(tag: int, creator: str) -> str:
    try:
        return str(private_dictionary_VR(tag, creator))
    except KeyError:
        return "UN"
