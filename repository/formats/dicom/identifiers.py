"""Identifiers of queries and retrievals (PS3.4 C.1.3): bytes → what is asked by which keys; `identifiers_writing` is
the way back.

A walk of our own: an identifier has no file head to guess by, and is small. It may be in implicit or explicit VR little
endian, with sequences of either length. What it says twice, or in more than one item, is refused rather than passed
over: a search that leaves out a condition finds too much.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from struct import Struct, error

from repository.formats.dicom.charsets import PLAIN, Charset, settle
from repository.formats.dicom.elements import EXPLICIT_LITTLE, SPECIFIC_CHARACTER_SET
from repository.formats.dicom.names import name_of
from repository.formats.dicom.scanning import UNDEFINED, registered_vr
from repository.formats.dicom.values import CHARSET_VRS, VALUE_CAP, text_of
from repository.formats.dicom.walker import LONG_VRS, SHORT_VRS

_TAG, _SHORT, _LONG = Struct("<HH").unpack_from, Struct("<H").unpack_from, Struct("<I").unpack_from
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST, _MOST = 16, 4096  # nested sequences; elements at all depths
_NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV"})
_TEXTUAL = CHARSET_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}


class IdentifierUnreadable(Exception):
    """These bytes are no identifier, or one that says something twice."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An identifier. `keys`: text by keyword, or by keywords joined with dots for what stands in the item of a
    sequence; empty text asks for the attribute. `attributes`: the same ones, and their sequences, by tags, with the
    value representation of each. `charset`: (0008,0005) as it was said."""

    keys: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    charset: str = ""


@dataclass(slots=True)
class Element:
    """As it stands in a data set; `items` of a sequence alone."""

    tag: int
    vr: str
    value: bytes
    items: "list[list[Element]] | None" = None


def read_identifier(content: bytes, *, syntax: str) -> Asked:
    """`syntax`: explicit VR little endian, or else implicit. Text is read in the character set that it declares, or in
    the one that it plainly is in (`charsets`). Raises `IdentifierUnreadable`."""
    elements = elements_of(content, syntax=syntax)
    declared, charset = _charset(elements)
    keys: dict[str, str] = {}
    attributes: dict[tuple[int, ...], str] = {}
    for path, each in _paths(elements):
        if path in attributes:
            raise IdentifierUnreadable
        attributes[path] = each.vr
        if path == (SPECIFIC_CHARACTER_SET,):
            continue
        if each.items is None or not any(each.items) or len(path) > 1:
            keys[name_of(path)] = _text(each, charset)
    return Asked(keys, attributes, declared)


def elements_of(content: bytes, *, syntax: str, most: int = _MOST) -> list[Element]:
    """All elements, at most `most` of them at all depths, with every item of every sequence. `syntax` and errors as in
    `read_identifier`."""
    try:
        elements, _ = _Walk(content, most).data_set(0, len(content), explicit=syntax == EXPLICIT_LITTLE)
    except error:
        raise IdentifierUnreadable from None
    return elements


def _charset(elements: list[Element]) -> tuple[str, Charset]:
    raw = next((each.value for each in elements if each.tag == SPECIFIC_CHARACTER_SET), b"")
    texts = [each for _, each in _paths(elements) if each.vr in CHARSET_VRS and each.value]
    names = [each.value for each in texts if each.vr == "PN"]
    declared = raw.decode("ascii", "replace").strip("\0 ")
    return declared, settle(raw, names=names, texts=[each.value for each in texts])


def _paths(elements: list[Element]) -> Iterator[tuple[tuple[int, ...], Element]]:
    """Each element, and those of the item of each sequence. Deeper ones are asked for by their sequence."""
    for each in elements:
        yield (each.tag,), each
        if each.items and len(each.items) > 1:
            raise IdentifierUnreadable
        for item in each.items or ():
            yield from (((each.tag, inner.tag), inner) for inner in item)


def _text(each: Element, charset: Charset) -> str:
    if each.vr not in _TEXTUAL and each.vr not in _NUMBERS:
        return ""
    text = text_of(each.value, each.vr, charset if each.vr in CHARSET_VRS else PLAIN)
    if len(text) > VALUE_CAP and each.vr != "UI":
        raise IdentifierUnreadable
    return text


class _Walk:
    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most, self._seen = data, most, 0

    def data_set(
        self, at: int, end: int, *, explicit: bool, depth: int = 0, delimited: bool = False
    ) -> tuple[list[Element], int]:
        """The elements from `at`, and where they end: at `end`, or behind the delimiter of their item."""
        found: list[Element] = []
        while at < end:
            group, number = _TAG(self._data, at)
            tag = group << 16 | number
            if tag == _ITEM_END and delimited:
                return found, at + 8
            element, at = self._element(tag, at + 4, end, explicit=explicit, depth=depth)
            if number and tag >= SPECIFIC_CHARACTER_SET:  # group lengths, and what is of no data set, say nothing
                found.append(element)
        if delimited or at > end:
            raise IdentifierUnreadable
        return found, at

    def _element(self, tag: int, at: int, end: int, *, explicit: bool, depth: int) -> tuple[Element, int]:
        self._seen += 1
        if tag >= _ITEM or self._seen > self._most or depth > _DEEPEST:
            raise IdentifierUnreadable
        said, length, at = self._head(at, explicit=explicit)
        vr = _settled(tag, said)
        if vr == "SQ" or length == UNDEFINED:
            if said == "UN":
                explicit = False  # PS3.5 6.2.2
            items, at = self._items(at, end, length=length, explicit=explicit, depth=depth)
            return Element(tag, "SQ", b"", items), at
        if at + length > end:
            raise IdentifierUnreadable
        return Element(tag, vr, self._data[at : at + length]), at + length

    def _head(self, at: int, *, explicit: bool) -> tuple[str, int, int]:
        """Value representation, empty in implicit VR; length and place of the value."""
        if not explicit:
            return "", _LONG(self._data, at)[0], at + 4
        vr = self._data[at : at + 2].decode("latin-1")
        if vr in SHORT_VRS:
            return vr, _SHORT(self._data, at + 2)[0], at + 4
        if vr not in LONG_VRS:
            raise IdentifierUnreadable
        return vr, _LONG(self._data, at + 4)[0], at + 8

    def _items(self, at: int, end: int, *, length: int, explicit: bool, depth: int) -> tuple[list[list[Element]], int]:
        delimited = length == UNDEFINED
        stop = end if delimited else at + length
        if stop > end:
            raise IdentifierUnreadable
        found: list[list[Element]] = []
        while at < stop or delimited:
            group, number = _TAG(self._data, at)
            size, at = _LONG(self._data, at + 4)[0], at + 8
            if delimited and group << 16 | number == _SEQUENCE_END:
                return found, at
            if group << 16 | number != _ITEM or (size != UNDEFINED and at + size > stop):
                raise IdentifierUnreadable
            ends = stop if size == UNDEFINED else at + size
            item, at = self.data_set(at, ends, explicit=explicit, depth=depth + 1, delimited=size == UNDEFINED)
            found.append(item)
        return found, at


def _settled(tag: int, said: str) -> str:
    """The registered value representation, for what a peer says of it may be wrong; numbers are what they are said to
    be, and unknown attributes too."""
    known = registered_vr(tag)
    if known == "UN" or said in _NUMBERS:
        return said or known
    return (said or "US") if known == "US or SS" else known
