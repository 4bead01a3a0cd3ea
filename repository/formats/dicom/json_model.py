"""The DICOM JSON model of a data set (PS3.18 F.2), from what `scanning` found.

Text is UTF-8 whatever the item declares, read in the character set that it is really in (`charsets`); a number that is
none stays the text that it is (F.2.3), so that a dirty value is shown and not lost. Tests hold it to pydicom.
"""

import base64
import itertools
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydicom.charset import decode_bytes
from pydicom.valuerep import PN_DELIMS

from repository.domain.describing import DicomFacts
from repository.formats.dicom.attributes import ATTRIBUTES
from repository.formats.dicom.charsets import PLAIN, Charset, declared, settle
from repository.formats.dicom.elements import SPECIFIC_CHARACTER_SET
from repository.formats.dicom.scanning import BINARY, Element, Scanned, registered_vr
from repository.formats.dicom.values import CHARSET_VRS

Json = dict[str, Any]
Bulk = Callable[[str], str]
AVAILABLE_TRANSFER_SYNTAX = 0x00083002
_PIXEL_REPRESENTATION = 0x00280103
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_ONE_VALUE = frozenset({"ST", "LT", "UT", "UR"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}").fullmatch
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def json_of(scanned: Scanned, *, bulk: Bulk) -> Json:
    """The data set; `bulk` makes the address of a value from its path: tags and numbers of items from 0, by slashes.

    Group lengths are left out, and (0008,0005) says what the text is in now (F.2.2). (0008,3002) says the transfer
    syntax in which the item is stored.
    """
    writer = _Writer(bulk, little=scanned.little)
    found = writer.data_set(scanned.elements, charset=_charset(scanned.elements), path="", signed=False)
    found.setdefault(_name(AVAILABLE_TRANSFER_SYNTAX), {"vr": "UI", "Value": [scanned.syntax]})
    return dict(sorted(found.items()))


def json_of_facts(facts: DicomFacts) -> Json:
    """What the catalogue knows of an item that cannot be scanned."""
    found: Json = {_name(AVAILABLE_TRANSFER_SYNTAX): {"vr": "UI", "Value": [facts.transfer_syntax_uid]}}
    placed = {
        "SOPClassUID": facts.sop_class_uid, "SOPInstanceUID": facts.sop_instance_uid,
        "StudyInstanceUID": facts.study_instance_uid, "SeriesInstanceUID": facts.series_instance_uid,
    }  # fmt: skip
    said: Mapping[str, str] = {**facts.attributes, **placed}
    for row in ATTRIBUTES:
        text = said.get(row.keyword, "")
        if not text:
            continue
        element = _of_text(text, row.vr) if row.path[0] != SPECIFIC_CHARACTER_SET else {"vr": "CS", "Value": [UTF_8]}
        if len(row.path) == 1:
            found[_name(row.path[0])] = element
        else:
            sequence = found.setdefault(_name(row.path[0]), {"vr": "SQ", "Value": [{}]})
            sequence["Value"][0][_name(row.path[1])] = element
    return dict(sorted(found.items()))


UTF_8 = "ISO_IR 192"


class _Writer:
    def __init__(self, bulk: Bulk, *, little: bool) -> None:
        self._bulk, self._order = bulk, "<" if little else ">"

    def data_set(self, elements: Iterable[Element], *, charset: Charset, path: str, signed: bool) -> Json:
        listed = list(elements)
        for each in listed:
            if each.tag == _PIXEL_REPRESENTATION and each.value:
                signed = any(each.value)
        found: Json = {}
        for each in listed:
            if each.tag & 0xFFFF:
                name = _name(each.tag)
                found[name] = self._element(each, charset=charset, path=path + name, signed=signed)
        ordered = all(a.tag < b.tag for a, b in itertools.pairwise(listed))
        return found if ordered else dict(sorted(found.items()))

    def _element(self, each: Element, *, charset: Charset, path: str, signed: bool) -> Json:
        vr = each.vr
        if each.items is not None:
            items = []
            for number, item in enumerate(each.items):
                own = next((one.value for one in item if one.tag == SPECIFIC_CHARACTER_SET and one.value), None)
                within = charset if own is None else Charset(declared(own)[0])
                items.append(self.data_set(item, charset=within, path=f"{path}/{number}/", signed=signed))
            return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
        if vr == "US or SS":
            vr = "SS" if signed else "US"
        if each.value is None:
            return {"vr": vr, "BulkDataURI": self._bulk(path)} if each.length else {"vr": vr}
        if each.tag == SPECIFIC_CHARACTER_SET:
            return {"vr": "CS", "Value": [UTF_8]}
        if vr == "UN":  # a registered element under the name of an unknown one reads as what it is
            known = registered_vr(each.tag)
            vr = "UN" if known in BINARY or known in {"SQ", "US or SS"} else known
        if not each.value:
            return {"vr": vr}
        return self._value(each.value, vr, charset=charset, path=path)

    def _value(self, raw: bytes, vr: str, *, charset: Charset, path: str) -> Json:
        if vr in BINARY:
            return {"vr": vr, "InlineBinary": base64.b64encode(self._little(raw, vr)).decode()}
        if vr in _NUMBERS or vr == "AT":
            return self._numbers(raw, vr, path=path)
        if vr == "PN":
            values: list[Any] = _names(raw, charset)
        else:
            values = list(_texts(raw, vr, charset))
            if vr in {"DS", "IS"}:
                values = [_number(each, whole=vr == "IS") for each in values]
        if all(each is None for each in values):
            return {"vr": vr}
        return {"vr": vr, "Value": values}

    def _little(self, raw: bytes, vr: str) -> bytes:
        """Inline binary is little endian (F.2.7)."""
        return raw if self._order == "<" else swapped_words(raw, vr)

    def _numbers(self, raw: bytes, vr: str, *, path: str) -> Json:
        code = "HH" if vr == "AT" else _NUMBERS[vr]
        if len(raw) % struct.calcsize(self._order + code):
            return {"vr": "UN", "InlineBinary": base64.b64encode(raw).decode()}
        read = struct.iter_unpack(self._order + code, raw)
        if vr == "AT":
            return {"vr": vr, "Value": [f"{group:04X}{number:04X}" for group, number in read]}
        values = [number for (number,) in read]
        if vr in {"FL", "FD"} and not all(map(math.isfinite, values)):
            return {"vr": vr, "BulkDataURI": self._bulk(path)}  # JSON has no such numbers
        return {"vr": vr, "Value": values}


WIDTHS = {
    "OW": 2, "US": 2, "SS": 2, "AT": 2, "US or SS": 2, "OF": 4, "OL": 4, "UL": 4, "SL": 4, "FL": 4,
    "OD": 8, "OV": 8, "UV": 8, "SV": 8, "FD": 8,
}  # fmt: skip


def swapped_words(raw: bytes, vr: str) -> bytes:
    """The words or numbers of a value in the other byte order. Text and bytes stay as they are, and so does what is no
    whole number of words."""
    width = WIDTHS.get(vr, 1)
    if width == 1 or len(raw) % width:
        return raw
    turned = bytearray(len(raw))
    for place in range(width):
        turned[place::width] = raw[width - 1 - place :: width]
    return bytes(turned)


def _charset(elements: Iterable[Element]) -> Charset:
    names: list[bytes] = []
    texts: list[bytes] = []
    own = b""
    for each in elements:
        if each.tag == SPECIFIC_CHARACTER_SET and each.value:
            own = each.value
    for raw, vr in _raw_texts(elements):
        texts.append(raw)
        if vr == "PN":
            names.append(raw)
    return settle(own, names=names, texts=texts)


def _raw_texts(elements: Iterable[Element]) -> Iterator[tuple[bytes, str]]:
    """Values of text outside of items that say their own character set."""
    for each in elements:
        if each.items is not None:
            for item in each.items:
                if not any(one.tag == SPECIFIC_CHARACTER_SET and one.value for one in item):
                    yield from _raw_texts(item)
        elif each.value and each.vr in CHARSET_VRS:
            yield each.value, each.vr


@lru_cache(maxsize=8192)
def _name(tag: int) -> str:
    return f"{tag:08X}"


def _decoded(raw: bytes, charset: Charset) -> str:
    return raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else charset.decode(raw)


def _texts(raw: bytes, vr: str, charset: Charset) -> Iterator[str | None]:
    """The values, without their padding; None for an empty one among others (F.2.5)."""
    text = _decoded(raw, charset if vr in CHARSET_VRS else PLAIN)
    for each in (text,) if vr in _ONE_VALUE else text.split("\\"):
        value = each.strip("\0 ") if vr in {"AE", "DS", "IS"} else each.rstrip("\0 ")
        yield value or None


def _number(text: str | None, *, whole: bool) -> int | float | str | None:
    if text is None or _INTEGER(text):
        return None if text is None else int(text)
    if whole or not _DECIMAL(text):
        return text
    number = float(text)
    return number if math.isfinite(number) else text


def _names(raw: bytes, charset: Charset) -> list[Json | None]:
    raw = raw.rstrip(b"\0 ")
    plain = b"\x1b" not in raw
    if plain:
        names = [each.split("=") for each in _decoded(raw, charset).split("\\")]
    else:  # each group begins in the first character set again (PS3.5 6.2.1.2)
        names = [[_escaped(group, charset) for group in each.split(b"=")] for each in raw.split(b"\\")]
    return [_name_of(groups) for groups in names]


def _escaped(raw: bytes, charset: Charset) -> str:
    try:
        return decode_bytes(raw, charset.codecs, PN_DELIMS)
    except (UnicodeError, LookupError, UserWarning):
        return raw.decode("latin_1")


def _name_of(groups: list[str]) -> Json | None:
    stripped = [each.strip("\0 ") for each in groups]
    return {group: text for group, text in zip(_GROUPS, stripped, strict=False) if text} or None


def _of_text(text: str, vr: str) -> Json:
    """An element from the text that the catalogue keeps."""
    values: list[Any] = [text] if vr in _ONE_VALUE else text.split("\\")
    if vr == "PN":
        values = [{"Alphabetic": each} if each else None for each in values]
    elif vr in {"DS", "IS", "US"}:
        values = [_number(each or None, whole=vr != "DS") for each in values]
    else:
        values = [each or None for each in values]
    return {"vr": vr, "Value": values}
