"""What C-FIND tells of a match (PS3.4 C.4.1.1.3.2): the attributes that were asked for, at their level or one above it.

What is not catalogued, or of a level below, is told with zero length, and each answer says so by its status. Every
answer names where its match can be retrieved, and that it is online.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from dicom_gateway.services.finding_question import LEVEL, LEVELS, UNIQUE, Question
from repository.catalogue import imaged
from repository.catalogue.attributes import INSTANCE, SERIES, STUDY
from repository.catalogue.query import Hit, Level
from repository.formats.dicom.attributes import ATTRIBUTES
from repository.formats.dicom.elements import SPECIFIC_CHARACTER_SET
from repository.formats.dicom.identifiers_writing import Element, write_identifier

Value = str | bytes | Sequence[Sequence[Element]]
Hits = Mapping[Level, Hit]
_TITLE, _AVAILABILITY = 0x00080054, 0x00080056
_DEPTH = tuple(LEVELS.values())
_COUNTS = {
    0x00201200: (Level.PATIENT, "studies"), 0x00201202: (Level.PATIENT, "series"),
    0x00201204: (Level.PATIENT, "instances"), 0x00201206: (Level.STUDY, "series"),
    0x00201208: (Level.STUDY, "instances"), 0x00201209: (Level.SERIES, "instances"),
}  # fmt: skip
_SOP_CLASSES = 0x00080062
_REMEMBERED_AT_MOST = 128  # attributes: who asks for thousands of them does so for once
_OTHERS = {
    0x00080061: ("CS", Level.STUDY, "ModalitiesInStudy"),
    _SOP_CLASSES: ("UI", Level.STUDY, "SOPClassesInStudy"),
    0x00083002: ("UI", Level.INSTANCE, "TransferSyntaxUID"),  # AvailableTransferSyntaxUID
}
_PLAIN = {
    row.path[0]: (row.vr, Level(row.level.value), row.keyword) for row in ATTRIBUTES if len(row.path) == 1
} | _OTHERS
_NESTED: dict[int, dict[int, tuple[str, Level, str]]] = {}
for _row in ATTRIBUTES:
    if len(_row.path) == 2:
        _NESTED.setdefault(_row.path[0], {})[_row.path[1]] = (_row.vr, Level(_row.level.value), _row.keyword)
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "TransferSyntaxUID")
_COLUMNS = {
    Level.PATIENT: frozenset(imaged.ATTRIBUTES),
    Level.STUDY: frozenset({*STUDY, "StudyInstanceUID", "ModalitiesInStudy", "SOPClassesInStudy"}),
    Level.SERIES: frozenset({*SERIES, *_UIDS[:2]}),
    Level.INSTANCE: frozenset({*INSTANCE, *_UIDS}),
}
"""What is told of a level without looking further, which takes longer."""


@dataclass(slots=True)
class Answers:
    """`unsupported`: something was asked for that is told as empty whatever the match."""

    level: Level
    syntax: str
    charset: str
    tell_charset: bool
    unsupported: bool = False
    everything: bool = False
    levels: set[Level] = field(default_factory=set)
    fields: dict[int, tuple[str, Callable[[Hits], Value]]] = field(default_factory=dict)

    @property
    def wants(self) -> dict[str, Any]:
        """What a query has to ask for, so that this can be told."""
        return {
            "above": tuple(each for each in _DEPTH if each in self.levels and each is not self.level),
            "all_values": self.everything,
            "sop_classes": _SOP_CLASSES in self.fields,
            "imaged": Level.PATIENT in self.levels,
        }

    def written(self, hit: Hit) -> bytes:
        """The identifier of an answer."""
        hits = {each.level: each for each in (hit, *hit.above)}
        elements = [(tag, vr, value(hits)) for tag, (vr, value) in self.fields.items()]
        return write_identifier(elements, syntax=self.syntax, charset=self.charset, tell_charset=self.tell_charset)


def answers_to(question: Question, *, title: str) -> Answers:
    """`title`: the AE title by which all that is found can be retrieved. A client asks for the same attributes each
    time, and these are not to be changed."""
    asked = question.asked
    make = _answers if len(asked.attributes) <= _REMEMBERED_AT_MOST else _answers.__wrapped__
    return make(tuple(asked.attributes.items()), question.levels, question.syntax, asked.charset, title)


def answers_apart(question: Question, *, title: str) -> Answers:
    """As `answers_to`, for whoever adds to them."""
    found = answers_to(question, title=title)
    return replace(found, levels=set(found.levels), fields=dict(found.fields))


@lru_cache(maxsize=64)
def _answers(
    attributes: tuple[tuple[tuple[int, ...], str], ...],
    levels: tuple[Level, ...],
    syntax: str,
    charset: str,
    title: str,
) -> Answers:
    asked = dict(attributes)
    found = Answers(levels[-1], syntax, charset, (SPECIFIC_CHARACTER_SET,) in asked)
    found.levels.add(found.level)
    for path, vr in attributes:
        if len(path) == 1 and path[0] != SPECIFIC_CHARACTER_SET:
            found.fields[path[0]] = _field(found, path[0], vr, [each[1] for each in asked if each[:-1] == path])
    for level in levels:
        found.fields.setdefault(UNIQUE[level], _field(found, UNIQUE[level], "", ()))
    name = next(name for name, level in LEVELS.items() if level is found.level)
    for tag, vr, text in ((LEVEL, "CS", name), (_TITLE, "AE", title), (_AVAILABILITY, "CS", "ONLINE")):
        found.fields[tag] = vr, _always(text)
    found.fields = dict(sorted(found.fields.items()))
    return found


def _field(to: Answers, tag: int, vr: str, inner: Sequence[int]) -> tuple[str, Callable[[Hits], Value]]:
    if tag in (LEVEL, _TITLE, _AVAILABILITY):
        return vr, _always("")
    if tag in _COUNTS and _reached(to, _COUNTS[tag][0]):
        level, name = _COUNTS[tag]
        to.levels.add(level)
        return "IS", lambda hits: str(hits[level].counts.get(name, 0))
    if tag in _PLAIN and _reached(to, _PLAIN[tag][1]):
        vr, level, keyword = _PLAIN[tag]
        return vr, _text(to, level, keyword)
    if tag in _NESTED:
        return "SQ", _sequence(to, _NESTED[tag], inner or tuple(_NESTED[tag]))
    to.unsupported = True
    return vr, _always([] if vr == "SQ" else "")


def _reached(to: Answers, level: Level) -> bool:
    return _DEPTH.index(level) <= _DEPTH.index(to.level)


def _always(value: Value) -> Callable[[Hits], Value]:
    return lambda _: value


def _text(to: Answers, level: Level, keyword: str) -> Callable[[Hits], str]:
    """From the hit that says it: the match itself where that can, for what is above it takes another look."""
    if keyword not in _COLUMNS[to.level]:
        if to.level is not Level.PATIENT:
            level = max(level, Level.STUDY, key=_DEPTH.index)  # which tells of its patient
        to.levels.add(level)
        to.everything = to.everything or keyword not in _COLUMNS[level]
    else:
        level = to.level
    return lambda hits: hits[level].values.get(keyword, "")


def _sequence(
    to: Answers, known: Mapping[int, tuple[str, Level, str]], inner: Sequence[int]
) -> Callable[[Hits], Sequence[Sequence[Element]]]:
    """As many items as there are values; text of several values has one in each item."""
    parts: list[tuple[int, str, Callable[[Hits], str]]] = []
    for tag in sorted(set(inner) - {SPECIFIC_CHARACTER_SET}):
        if tag not in known or not _reached(to, known[tag][1]):
            to.unsupported = True
            continue
        vr, level, keyword = known[tag]
        parts.append((tag, vr, _text(to, level, keyword)))

    def items(hits: Hits) -> Sequence[Sequence[Element]]:
        texts = [text(hits).split("\\") for _, _, text in parts]
        count = max((len(each) for each in texts if each != [""]), default=0)
        return [
            [(tag, vr, said[at] if at < len(said) else "") for (tag, vr, _), said in zip(parts, texts, strict=True)]
            for at in range(count)
        ]

    return items
