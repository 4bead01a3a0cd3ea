"""One query model for every door (DESIGN 10): what is looked for, at which level, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from repository.domain.describing import Identifier, Kind

MOST = 1000  # hits on one page
MOST_SKIPPED = 100_000  # hits before a page that begins at a number; marks (`Query.after`) lead on without end


class Level(StrEnum):
    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"
    DOCUMENT = "document"
    HOLDING = "holding"


class Manner(StrEnum):
    """How a key is compared (PS3.4 C.2.2.2); what is said in one that is not understood matches nothing."""

    TEXT = "text"  # with `*` and `?`, case counts
    LIST = "list"  # one of several that a backslash separates, each as TEXT
    NUMBER = "number"  # a whole number, however it is written
    DATE = "date"  # or range
    TIME = "time"  # or range; a time that leaves out its seconds is any of that minute


@dataclass(frozen=True, slots=True)
class Match:
    """A matching key for an attribute that has no field in `Query`. `level`: study (also for the patient's), series or
    instance; `keyword` as in `Hit.values`, or ModalitiesInStudy, SOPClassesInStudy. There is no index for these: they
    narrow what other conditions lead to.

    `days`: of a time, what is asked of the date beside it. Then both ask for one instant (combined matching, PS3.4
    C.2.2.2.5): the first time counts on the first of the days alone, the last one on the last of them."""

    level: Level
    keyword: str
    manner: Manner
    text: str
    days: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Empty means "any" (universal matching, PS3.4 C.2.2.2.3). Conditions are joined by AND.

    `patient_id`, `patient_name`, `accession_number`, `modality`, `referring_physician`, `document_id` and `author` take
    the wildcards `*` and `?`; names match without case and diacritics. `fuzzy`: names of patients and of referring
    physicians also match by their words, as these sound (`called.py`). `author` is who wrote a document (Family^Given).
    `birth_date` and `dates` are single dates or ranges `from-to`, `from-`, `-to` (PS3.4 C.2.2.2.5); `dates` is the date
    of the study, for documents the effective time. `takeovers` None is all takeovers; an empty tuple is none of them,
    and finds nothing.
    """

    level: Level
    takeovers: tuple[int, ...] | None = None
    patient: int | None = None  # number in its takeover
    patient_id: str = ""
    patient_root: str | None = None
    patient_name: str = ""
    fuzzy: bool = False
    birth_date: str = ""
    sex: str = ""
    document_id: str = ""
    document_root: str | None = None
    set_id: Identifier | None = None
    replaces: Identifier | None = None
    class_code: str = ""
    author: str = ""
    event_id: Identifier | None = None
    dates: str = ""
    study_uids: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
    sop_instance_uids: tuple[str, ...] = ()
    accession_number: str = ""
    modality: str = ""
    referring_physician: str = ""
    kind: Kind | None = None
    matching: tuple[Match, ...] = ()
    limit: int = 100
    after: str = ""  # `Page.next` of the page before
    skip: int = 0  # hits to leave out first, up to `MOST_SKIPPED`
    above: tuple[Level, ...] = ()  # of series and images: tell of the study and the series that they are of
    all_values: bool = False  # of images and what is above them: tell every attribute that is catalogued
    time_zone: bool = False  # likewise, of these TimezoneOffsetFromUTC alone
    sop_classes: bool = False  # of studies: tell SOPClassesInStudy
    placed: bool = False  # of images: those in a series of a study, and not what has no place in DICOM's model
    imaged: bool = False  # of patients: those of whom there are images, with what the first of these says of them


@dataclass(frozen=True, slots=True)
class Hit:
    """One match. `values`: DICOM keyword → text for patients and images, field name → text for documents and holdings.

    `counts`: how many of what lie below: studies, series, instances, documents, holdings. `ordinal` is 0 above the
    level of holdings. `above`: what it is part of, of the levels in `Query.above`.
    """

    level: Level
    takeover: int
    patient: int
    ordinal: int
    values: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()
    above: tuple["Hit", ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is empty on the last page."""

    hits: tuple[Hit, ...]
    next: str
