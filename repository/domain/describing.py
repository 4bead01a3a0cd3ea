"""What an item says of itself: the facts that the catalogue keeps of a document or an image.

Produced by `repository.formats` from bytes, consumed by the takeover and the catalogue. Values are as found, decoded
to text and otherwise unchanged: a dirty date stays dirty here and is reported as a finding.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from repository.findings import Finding


class Kind(StrEnum):
    """What an item is, by its content and never by its name."""

    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    CDA = "cda"
    XML = "xml"
    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    TEXT = "text"
    ARCHIVE = "archive"  # zip, tar, gzip, 7z, rar inside the package: kept whole
    OPAQUE = "opaque"  # kept and proven, not understood


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with its issuer: `root` is an OID, empty where the source names none."""

    root: str
    extension: str


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Who an item says it is about. `name` is in DICOM form (Family^Given^Middle), dates are YYYYMMDD."""

    identifiers: tuple[Identifier, ...] = ()
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """`attributes`: DICOM keyword → text, for the attributes in `formats.dicom.attributes`; values of multi-valued
    attributes are joined by a backslash (PS3.5 6.2); person names hold their alphabetic group unless there is none.
    UIDs of study and series are empty where it names none: not every instance is of a study (PS3.4 GG)."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    attributes: Mapping[str, str]

    @property
    def placed(self) -> bool:
        """Whether it has its place in a series of a study."""
        return self.study_instance_uid != "" and self.series_instance_uid != ""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A medical event (R463-2.3) that a document names: an encounter, a service or an order."""

    kind: str  # "encounter" | "service" | "order"
    identifier: Identifier
    code: str = ""
    code_system: str = ""
    start: str = ""
    stop: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The header of a clinical document (CDA R2, PIK HL7 CDA 1.3.x)."""

    identifier: Identifier
    set_id: Identifier | None = None
    version: int | None = None
    template: str = ""  # root^extension of the templateId that carries a release
    code: str = ""  # LOINC
    class_code: str = ""  # P1 document class (KLAS_DOK_P1)
    title: str = ""
    effective_time: str = ""  # HL7 TS as found
    confidentiality: str = ""
    language: str = ""
    author: str = ""  # Family^Given
    author_id: Identifier | None = None
    custodian: Identifier | None = None
    replaces: Identifier | None = None
    signed: bool = False  # an XML signature is present; whether it is valid is another question
    events: tuple[EventFacts, ...] = ()
    study_uids: tuple[str, ...] = ()  # imaging studies that the document names


@dataclass(frozen=True, slots=True)
class Description:
    """All that is known of one item from its own bytes."""

    kind: Kind
    media_type: str
    patient: PatientFacts | None = None
    dicom: DicomFacts | None = None
    document: DocumentFacts | None = None
    findings: tuple[Finding, ...] = field(default=())
