"""One query model for every door (DESIGN 10): what is looked for, at which level, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from repository.domain.describing import Identifier, Kind

MOST = 1000  # hits on one page


class Level(StrEnum):
    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"
    DOCUMENT = "document"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Empty means "any" (universal matching, PS3.4 C.2.2.2.3). Conditions are joined by AND.

    `patient_id`, `patient_name`, `accession_number`, `modality`, `referring_physician` and `document_id` take the
    wildcards `*` and `?`; names match without case and diacritics. `birth_date` and `dates` are single dates or
    ranges `from-to`, `from-`, `-to` (PS3.4 C.2.2.2.5); `dates` is the date of the study, for documents the effective
    time. `takeovers` None is all takeovers; an empty tuple is none of them, and finds nothing.
    """

    level: Level
    takeovers: tuple[int, ...] | None = None
    patient: int | None = None  # number in its takeover
    patient_id: str = ""
    patient_root: str | None = None
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""
    document_id: str = ""
    document_root: str | None = None
    set_id: Identifier | None = None
    class_code: str = ""
    event_id: Identifier | None = None
    dates: str = ""
    study_uids: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = ()
    sop_instance_uids: tuple[str, ...] = ()
    accession_number: str = ""
    modality: str = ""
    referring_physician: str = ""
    kind: Kind | None = None
    limit: int = 100
    after: str = ""  # `Page.next` of the page before


@dataclass(frozen=True, slots=True)
class Hit:
    """One match. `values`: DICOM keyword → text for patients and images, field name → text for documents and holdings.

    `counts`: how many of what lie below: studies, series, instances, documents, holdings. `ordinal` is 0 above the
    level of holdings.
    """

    level: Level
    takeover: int
    patient: int
    ordinal: int
    values: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is empty on the last page."""

    hits: tuple[Hit, ...]
    next: str
