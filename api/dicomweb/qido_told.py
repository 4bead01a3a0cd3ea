"""Matches in the DICOM JSON model (PS3.18 F.2): which attributes, in what order, and of whom (Tables 10.6.3-3 to -5).

What is required is always there, empty where nothing is known. Text is UTF-8, and (0008,0005) says so.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson

from repository.catalogue.attributes import STUDY
from repository.catalogue.query import Hit, Level
from repository.dicom_query import level_of
from repository.formats.dicom.attributes import ATTRIBUTES
from repository.formats.dicom.json_model import UTF_8

Json = dict[str, Any]
Path = tuple[int, ...]
DEPTH = (Level.STUDY, Level.SERIES, Level.INSTANCE)
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_ONE_VALUE = frozenset({"ST", "LT", "UT", "UR"})
_CHARSET, _SYNTAX = 0x00080005, 0x00083002
_COUNTS = {
    0x00201206: (Level.STUDY, "series"), 0x00201208: (Level.STUDY, "instances"),
    0x00201209: (Level.SERIES, "instances"),
}  # fmt: skip
MODALITIES, SOP_CLASSES = 0x00080061, 0x00080062
_OTHERS = {MODALITIES: ("CS", "ModalitiesInStudy"), SOP_CLASSES: ("UI", "SOPClassesInStudy"),
    _SYNTAX: ("UI", "TransferSyntaxUID")}  # fmt: skip
_COLUMNS = frozenset({"", "StudyInstanceUID", "ModalitiesInStudy", "SOPClassesInStudy", *STUDY})
_UTF_8, _ONLINE = {"vr": "CS", "Value": [UTF_8]}, {"vr": "CS", "Value": ["ONLINE"]}
_SORTED = orjson.OPT_SORT_KEYS  # tags in their order
_ROWS = {each.path: each for each in ATTRIBUTES}
REQUIRED: Mapping[Level, frozenset[Path]] = {
    Level.STUDY: frozenset((tag,) for tag in (
        0x00080020, 0x00080030, 0x00080050, MODALITIES, 0x00080090, 0x00081030, 0x00100010, 0x00100020, 0x00100030,
        0x00100040, 0x0020000D, 0x00200010, 0x00201206, 0x00201208,
    )),
    Level.SERIES: frozenset({(0x00080060,), (0x0008103E,), (0x0020000E,), (0x00200011,), (0x00201209,), (0x00400244,),
        (0x00400245,), (0x00400275, 0x00400009), (0x00400275, 0x00401001)}),
    Level.INSTANCE: frozenset((tag,) for tag in (
        0x00080016, 0x00080018, 0x00200013, 0x00280008, 0x00280010, 0x00280011, 0x00280100, _SYNTAX,
    )),
}  # fmt: skip
"""And what every match has: where it is, and that it is online. StudyDescription is not required, and always asked."""

ALWAYS = frozenset({(_CHARSET,), (0x00080056,), (0x00081190,)})


def level_of_path(path: Path) -> Level | None:
    """None for what is not told."""
    if len(path) == 1 and path[0] in _COUNTS:
        return _COUNTS[path[0]][0]
    if path in ((MODALITIES,), (SOP_CLASSES,)):
        return Level.STUDY
    if path == (_SYNTAX,):
        return Level.INSTANCE
    row = _ROWS.get(path)
    return None if row is None else level_of(row.keyword)


@dataclass(frozen=True, slots=True)
class _Field:
    """Where a value goes and where it comes from: of a count its name, of anything else its keyword. `inner`: the tag
    within a sequence."""

    name: str
    vr: str
    keyword: str = ""
    count: str = ""
    inner: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is told of each match: attributes by the level that says them, and `plan`, how each is made. `spared`: names
    of those that are left out where nothing is known. `beyond_columns`: more is told than studies and series are found
    with, which takes longer."""

    level: Level
    fields: Mapping[Level, frozenset[Path]]
    plan: Mapping[Level, Sequence[_Field]]
    spared: Sequence[str]
    beyond_columns: bool

    def bodies(self, hits: Iterable[Hit], base: str) -> bytes:
        """A JSON array. `base`: what addresses begin with, with a slash at its end."""
        objects = [self._object(hit, base) for hit in hits]
        try:
            return orjson.dumps(objects, option=_SORTED)
        except TypeError:  # text from bytes that no character set explains has no UTF-8
            return json.dumps(objects, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")

    def _object(self, hit: Hit, base: str) -> Json:
        found: Json = {
            "00080005": _UTF_8,
            "00080056": _ONLINE,
            "00081190": {"vr": "UR", "Value": [_address(self.level, hit, base)]},
        }
        if offset := hit.values.get("TimezoneOffsetFromUTC"):  # required where it is known
            found["00080201"] = {"vr": "SH", "Value": [offset]}
        for each in (hit, *hit.above):
            values = each.values
            for field in self.plan.get(each.level, ()):
                if field.count:
                    found[field.name] = {"vr": "IS", "Value": [each.counts.get(field.count, 0)]}
                elif field.inner:
                    _put_inner(found, field, values.get(field.keyword, ""))
                else:
                    found[field.name] = element(field.vr, values.get(field.keyword, ""))
        for name in self.spared:
            if len(found[name]) == 1:
                del found[name]
        return found


def shaped(level: Level, asked: Iterable[Path], *, told: Sequence[Level], everything: bool) -> Shape:
    """What is told of matches at `level`: what is required of the levels in `told`, and what was asked for. Nothing of
    a lower level can be told, nor what is not catalogued."""
    return _shape(level, frozenset(asked), tuple(told), everything=everything)


# Programs ask for the same attributes each time, and to work them out anew took 0.16 ms of a search of 2.
@lru_cache(maxsize=128)
def _shape(level: Level, asked: frozenset[Path], told: tuple[Level, ...], *, everything: bool) -> Shape:
    fields: dict[Level, set[Path]] = {each: set(REQUIRED[each]) for each in told}
    named = asked.union(*fields.values())
    wanted = {*_ROWS, (MODALITIES,), *((tag,) for tag in _COUNTS)} | named if everything else named
    for path in wanted:
        known = level_of_path(path)
        if known is not None and DEPTH.index(known) <= DEPTH.index(level) and path != (_CHARSET,):
            fields.setdefault(known, set()).add(path)
    whole = {path[:1] for path in named}
    spared = {path[:1] for paths in fields.values() for path in paths if path[:1] not in whole}
    plan = {each: tuple(_field(path) for path in paths) for each, paths in fields.items()}
    keywords = {field.keyword for each in plan.values() for field in each}
    return Shape(
        level,
        {each: frozenset(paths) for each, paths in fields.items()},
        plan,
        tuple(f"{path[0]:08X}" for path in spared),
        beyond_columns=level is not Level.STUDY or not keywords <= _COLUMNS,
    )


def _address(level: Level, hit: Hit, base: str) -> str:
    found = f"{base}studies/{_quoted(hit.values['StudyInstanceUID'])}"
    if level is not Level.STUDY:
        found += f"/series/{_quoted(hit.values['SeriesInstanceUID'])}"
    return found + (f"/instances/{_quoted(hit.values['SOPInstanceUID'])}" if level is Level.INSTANCE else "")


def _quoted(uid: str) -> str:
    return uid if uid.replace(".", "").isalnum() and uid.isascii() else quote(uid, safe="", errors="replace")


def _field(path: Path) -> _Field:
    tag = path[0]
    name = f"{tag:08X}"
    if tag in _COUNTS:
        return _Field(name, "IS", count=_COUNTS[tag][1])
    if tag in _OTHERS:
        return _Field(name, *_OTHERS[tag])
    row = _ROWS[path]
    return _Field(name, row.vr, row.keyword, inner=f"{path[1]:08X}" if len(path) > 1 else "")


def _put_inner(found: Json, field: _Field, text: str) -> None:
    sequence = found.setdefault(field.name, {"vr": "SQ"})
    if text:
        sequence.setdefault("Value", [{}])[0][field.inner] = element(field.vr, text)


def element(vr: str, text: str) -> Json:
    """An attribute from the text that the catalogue keeps; without `Value` where it is empty."""
    if not text:
        return {"vr": vr}
    if "\\" not in text or vr in _ONE_VALUE:
        return {"vr": vr, "Value": [_value(vr, text)]}
    return {"vr": vr, "Value": [_value(vr, each) if each else None for each in text.split("\\")]}


def _value(vr: str, text: str) -> Any:
    if vr == "PN":
        return {"Alphabetic": text}
    if vr in ("IS", "US") and _WHOLE.fullmatch(text):
        return int(text)
    if vr == "DS" and _DECIMAL.fullmatch(text):
        return float(text)
    return text
