"""What C-FIND asks: an identifier → a level, keys to match, attributes to tell (PS3.4 C.4.1.1.3.1, C.4.1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from dicom_gateway.contexts import PATIENT_FIND, STUDY_FIND, Ways
from dicom_gateway.statuses import CANNOT_UNDERSTAND, DATA_SET_MISMATCH, OUT_OF_RESOURCES, Status
from repository.catalogue.query import Level
from repository.dicom_query import Keys, read_keys
from repository.formats.dicom.identifiers import Asked, IdentifierUnreadable, read_identifier
from repository.formats.dicom.names import path_of

LEVEL = 0x00080052
LEVELS = {"PATIENT": Level.PATIENT, "STUDY": Level.STUDY, "SERIES": Level.SERIES, "IMAGE": Level.INSTANCE}
UNIQUE = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.INSTANCE: 0x00080018,
}
"""The unique key of each level (PS3.4 C.6.1.1, C.6.2.1)."""

_NAMES = {Level.PATIENT: "PatientID", Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID"}
_MODELS = {PATIENT_FIND: tuple(LEVELS.values()), STUDY_FIND: tuple(LEVELS.values())[1:]}
_NO_KEYS = frozenset({"QueryRetrieveLevel", "RetrieveAETitle", "InstanceAvailability", "TimezoneOffsetFromUTC"})
"""What says how is asked, or is told of every match."""

_MOST_UIDS, _MOST_VALUES = 5000, 256  # in the list of one key


class NotUnderstood(Exception):
    """Internal signal: what the peer is told, and the element that it is about, if it is about one."""

    def __init__(self, code: int, comment: str, element: int = 0) -> None:
        super().__init__(comment)
        self.status, self.element = Status(code, comment), element


@dataclass(frozen=True, slots=True)
class Question:
    """`levels`: those of the model down to the one that is asked about, which is the last."""

    levels: tuple[Level, ...]
    keys: Keys
    asked: Asked
    syntax: str

    @property
    def level(self) -> Level:
        return self.levels[-1]


def question_of(
    content: bytes, *, model: str, syntax: str, ways: Ways, aside: frozenset[str] = frozenset()
) -> Question | None:
    """None for a model that is none of these. `aside`: keywords that the caller reads himself. Raises
    `NotUnderstood`."""
    if model not in _MODELS:
        return None
    try:
        asked = read_identifier(content, syntax=syntax)
    except IdentifierUnreadable:
        raise NotUnderstood(CANNOT_UNDERSTAND, "the identifier is not a data set, or says something twice") from None
    level = LEVELS.get(asked.keys.get("QueryRetrieveLevel", ""))
    if level is None or level not in _MODELS[model]:
        raise NotUnderstood(DATA_SET_MISMATCH, "QueryRetrieveLevel: none of this model", LEVEL)
    levels = _MODELS[model][: _MODELS[model].index(level) + 1]
    if not ways.relational:
        for above in levels[:-1]:
            _must_name_one(asked.keys, above)
    _must_be_few(asked.keys)
    said = {name: text for name, text in asked.keys.items() if name not in _NO_KEYS | aside}
    keys = read_keys(level, said, fuzzy=ways.fuzzy, combined=ways.combined)
    if keys.wrong:
        path = path_of(keys.wrong[0]) or (0,)
        raise NotUnderstood(CANNOT_UNDERSTAND, "a key has a value that is none of its kind", path[0])
    return Question(levels, keys, asked, syntax)


def _must_be_few(keys: Mapping[str, str]) -> None:
    """A list has no limit in DICOM, and a statement to a database has one."""
    for name, text in keys.items():
        most = _MOST_UIDS if name.endswith("UID") else _MOST_VALUES
        if text.count("\\") + text.count(",") >= most:
            raise NotUnderstood(OUT_OF_RESOURCES, f"a list of more than {most} values", (path_of(name) or (0,))[0])


def _must_name_one(keys: Mapping[str, str], level: Level) -> None:
    """PS3.4 C.4.1.2.1: a hierarchical query names one entity of each level above its own."""
    text = keys.get(_NAMES[level], "").strip()
    several = "\\" in text or (level is not Level.PATIENT and "," in text)
    if not text or several or "*" in text or "?" in text:
        comment = f"{_NAMES[level]}: one value, or negotiate relational queries"
        raise NotUnderstood(DATA_SET_MISMATCH, comment, UNIQUE[level])
