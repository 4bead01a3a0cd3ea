"""What DICOM doors ask for, as one query: matching keys of C-FIND (PS3.4 C.2.2.2) and QIDO-RS (PS3.18 8.3.4.1).

A key is for an attribute of the level that is looked for, or of one above it; below it ModalitiesInStudy,
SOPClassesInStudy, Modality and UIDs are known. Every other key is one of `Keys.unmatched`, and never just left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repository.catalogue.folding import date_key
from repository.catalogue.keyed import SEVERAL, date_of, is_time
from repository.catalogue.query import Level, Manner, Match, Query
from repository.formats.dicom.attributes import ATTRIBUTES, LEVELS

_FIELDS = {"PatientName": "patient_name", "PatientID": "patient_id", "AccessionNumber": "accession_number",
    "ReferringPhysicianName": "referring_physician"}  # fmt: skip
_NAMES = ("patient_name", "referring_physician")
_UIDS = {"StudyInstanceUID": "study_uids", "SeriesInstanceUID": "series_uids",
    "SOPInstanceUID": "sop_instance_uids"}  # fmt: skip
_DATES = {"PatientBirthDate": "birth_date", "StudyDate": "dates"}
_MANNERS = {"CS": Manner.LIST, "UI": Manner.LIST, "DA": Manner.DATE, "TM": Manner.TIME, "IS": Manner.NUMBER,
    "US": Manner.NUMBER} | dict.fromkeys(("AS", "LO", "SH", "LT", "ST", "UT"), Manner.TEXT)  # fmt: skip
_DEPTH = {Level.PATIENT: 0, Level.STUDY: 1, Level.SERIES: 2, Level.INSTANCE: 3}
_BELOW = frozenset({"Modality", "SOPClassUID"})
_IN_STUDY = frozenset({"ModalitiesInStudy", "SOPClassesInStudy"})
_NEVER = frozenset({"SpecificCharacterSet", "OtherPatientNames"})
_VRS = {each.keyword: each.vr for each in ATTRIBUTES}


@dataclass(frozen=True, slots=True)
class Keys:
    """`query` asks for all that could be asked. `unmatched`: keywords that nothing is matched by; `wrong`: those whose
    value is none of their kind; then `query` finds nothing."""

    query: Query
    unmatched: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


def level_of(keyword: str) -> Level | None:
    """Study (also for the patient's attributes), series or instance; None for what is not catalogued."""
    if keyword in _IN_STUDY:
        return Level.STUDY
    known = LEVELS.get(keyword)
    return None if known is None else Level.STUDY if known == "patient" else Level(known.value)


def read_keys(level: Level, keys: Mapping[str, str], *, fuzzy: bool = False, combined: bool = False) -> Keys:
    """`keys`: text by keyword, or by keywords joined with dots; an empty text matches everything. Lists are separated
    by backslashes, those of UIDs also by commas. `fuzzy`: names match by their words and sound. `combined`: a date and
    the time beside it are one instant, or a range of them."""
    fields: dict[str, Any] = {"placed": level is Level.INSTANCE}
    matching: list[Match] = []
    unmatched: list[str] = []
    wrong: list[str] = []
    for keyword, said in keys.items():
        text = said.strip()
        if not text.strip("*"):
            continue
        if not is_matched(level, keyword) or text == '""' or _crosses(keyword, text):
            unmatched.append(keyword)
        elif not _is_of_kind(keyword, text):
            wrong.append(keyword)
        elif keyword in _UIDS:
            fields[_UIDS[keyword]] = tuple(filter(None, (each.strip() for each in text.replace(",", "\\").split("\\"))))
        elif keyword in _FIELDS or keyword in _DATES:
            fields[_FIELDS.get(keyword) or _DATES[keyword]] = text
        else:
            matching.append(_match(keyword, text, days=_days(keyword, keys) if combined else ""))
    if wrong:
        fields["takeovers"] = ()
    if fuzzy and any(keyword in fields for keyword in _NAMES):
        fields["fuzzy"] = True
    return Keys(Query(level=level, matching=tuple(matching), **fields), tuple(unmatched), tuple(wrong))


def is_matched(level: Level, keyword: str) -> bool:
    """Whether something of `level` can be found by the attribute."""
    known = level_of(keyword)
    if known is None or keyword in _NEVER:
        return False
    if keyword in _UIDS or keyword in _FIELDS or keyword in _IN_STUDY or keyword in _BELOW:
        return True
    depth = 0 if LEVELS[keyword] == "patient" else _DEPTH[known]
    return depth <= _DEPTH[level] and _VRS[keyword] in _MANNERS


def _is_of_kind(keyword: str, text: str) -> bool:
    if keyword in _UIDS:
        return bool(text.replace(",", "\\").strip("\\ "))
    match _MANNERS.get(_VRS.get(keyword, "CS")):
        case Manner.DATE:
            first, dash, last = text.partition("-")
            ends = [each.strip() for each in ((first, last) if dash else (first,)) if each.strip()]
            return bool(ends) and all(date_key(each) and len(each) in (8, 10) for each in ends)
        case Manner.TIME:
            return is_time(text)
        case Manner.NUMBER:
            return text.lstrip("+-").isdecimal()
        case _:
            return True


def _crosses(keyword: str, text: str) -> bool:
    """A wildcard in the midst of one of several values could reach into the next one."""
    return keyword in SEVERAL and ("?" in text or "*" in text.strip("*"))


def _days(time: str, keys: Mapping[str, str]) -> str:
    """What is asked of the date beside the time with that keyword."""
    date = date_of(time)
    said = keys.get(date, "").strip()
    return said if _VRS.get(date) == "DA" and _is_of_kind(date, said) else ""


def _match(keyword: str, text: str, *, days: str) -> Match:
    manner = Manner.LIST if keyword in _IN_STUDY else _MANNERS[_VRS[keyword]]
    level = level_of(keyword)
    if level is None:
        raise ValueError("internal: a key that is not matched")
    if manner is Manner.TIME:
        return Match(level, keyword, manner, text, days)
    return Match(level, keyword, manner, text.replace(",", "\\") if manner is Manner.LIST else text)
