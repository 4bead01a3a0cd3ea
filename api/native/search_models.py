"""What can be asked in a search, and what a hit tells."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from repository.catalogue.query import Hit, Level

UID = r"^[0-9.]{1,64}$"
DATES = r"^([0-9]{8})?-?([0-9]{8})?$"
MARK = r"^[A-Za-z0-9_-]{0,1200}$"

Uid = Annotated[str, Field(pattern=UID)]
Short = Annotated[str, Field(max_length=200)]
Takeover = Annotated[str, Field(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]


class What(StrEnum):
    PATIENTS = "patients"
    STUDIES = "studies"
    SERIES = "series"
    INSTANCES = "instances"
    DOCUMENTS = "documents"
    HOLDINGS = "holdings"


LEVELS: Mapping[What, Level] = {
    What.PATIENTS: Level.PATIENT,
    What.STUDIES: Level.STUDY,
    What.SERIES: Level.SERIES,
    What.INSTANCES: Level.INSTANCE,
    What.DOCUMENTS: Level.DOCUMENT,
    What.HOLDINGS: Level.HOLDING,
}


class Asked(BaseModel):
    """Conditions that name nobody: they may stand in an address. Joined by AND; what is left out is any.

    `accession_number`, `modality` and `author` take `*` and `?`. `dates`: a day or `from-to`, `from-`, `-to`.
    """

    model_config = ConfigDict(extra="forbid")

    takeover: Takeover | None = None
    patient: Annotated[int | None, Field(ge=1, lt=10**18, description="Number in its takeover.")] = None
    study: Uid | None = None
    series: Uid | None = None
    instance: Uid | None = None
    accession_number: Short = ""
    modality: Annotated[str, Field(pattern=r"^[A-Z0-9_*? ]{0,16}$")] = ""
    class_code: Annotated[str, Field(max_length=80)] = ""
    dates: Annotated[str, Field(pattern=DATES, examples=["20250101-20251231"])] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Annotated[str, Field(pattern=MARK, description="`next` of the page before.")] = ""

    def terms(self) -> dict[str, Any]:
        """The fields of a `Query` that are set, without the takeover."""
        return {
            "patient": self.patient,
            "study_uids": (self.study,) if self.study else (),
            "series_uids": (self.series,) if self.series else (),
            "sop_instance_uids": (self.instance,) if self.instance else (),
            "accession_number": self.accession_number,
            "modality": self.modality,
            "class_code": self.class_code,
            "dates": self.dates,
            "limit": self.limit,
            "after": self.after,
        }


class AskedByName(Asked):
    """As by GET, and by what names a person, which stands in no address of ours and so in no log on the way.

    `patient_id`, `patient_name`, `author`, `document_id` and `referring_physician` take `*` and `?`.
    """

    patient_id: Short = ""
    patient_root: Annotated[str | None, Field(max_length=200)] = None
    patient_name: Short = ""
    birth_date: Annotated[str, Field(pattern=DATES)] = ""
    sex: Annotated[str, Field(pattern="^[A-Z]?$")] = ""
    author: Short = ""
    referring_physician: Short = ""
    document_id: Short = ""
    document_root: Annotated[str | None, Field(max_length=200)] = None

    def terms(self) -> dict[str, Any]:
        own = set(AskedByName.model_fields) - set(Asked.model_fields)
        return super().terms() | {name: getattr(self, name) for name in own}


class NamedBy(BaseModel):
    model_config = ConfigDict(extra="forbid")

    root: str
    extension: str


class ToldHit(BaseModel):
    """`values` by DICOM keyword for patients and images, by field for documents and holdings. `counts`: how many of
    what lies below may be learnt of. `holding`: where the bytes are; empty above the level of holdings."""

    model_config = ConfigDict(extra="forbid")

    takeover: str
    patient: int
    ordinal: int
    holding: str
    values: Mapping[str, str | int | bool]
    counts: Mapping[str, int]
    identifiers: list[NamedBy]


class HitPage(BaseModel):
    """`next`: what `after` has to be for the next page; empty on the last one. How many there are is not told."""

    model_config = ConfigDict(extra="forbid")

    hits: list[ToldHit]
    next: str


def told_hit(hit: Hit, takeover: str) -> dict[str, Any]:
    return {
        "takeover": takeover,
        "patient": hit.patient,
        "ordinal": hit.ordinal,
        "holding": f"/v1/holdings/{takeover}/{hit.ordinal}" if hit.ordinal else "",
        "values": dict(hit.values),
        "counts": dict(hit.counts),
        "identifiers": [{"root": each.root, "extension": each.extension} for each in hit.identifiers],
    }
