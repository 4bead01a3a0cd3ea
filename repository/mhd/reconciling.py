"""What a document says of itself, held against what whoever sends it says: one description, or what is at odds.

The document's own words count; what it does not say is taken from its description. One that says that it is another
document, or another patient's, is not taken: whoever sent it has mixed something up.
"""

from collections.abc import Iterable
from dataclasses import fields, replace

from repository.domain.describing import Description, DocumentFacts, Identifier, Kind, PatientFacts
from repository.mhd.errors import Fault
from repository.mhd.submission import Document

_SIGNED = {
    "application/pdf": Kind.PDF, "image/png": Kind.PNG, "image/jpeg": Kind.JPEG, "image/tiff": Kind.TIFF,
    "application/dicom": Kind.DICOM,
}  # fmt: skip
"""Media types of which each file says what it is."""
_MARKUP = frozenset({Kind.CDA, Kind.XML})


def reconciled(found: Description, said: Document) -> tuple[Description, list[Fault]]:
    """`found`, completed; with what is at odds, in the places of the bundle."""
    faults = [Fault(f"{said.place}.{place}", reason) for place, reason in _at_odds(found, said)]
    own, whose = found.document, found.patient
    document = said.facts if own is None else _completed(own, said.facts)
    patient = whose if whose is not None and whose.identifiers else said.patient
    if patient is None or not patient.identifiers:
        faults.append(Fault(f"{said.place}.subject", "is missing, and the document does not say whose it is"))
    kept_type = found.media_type if found.kind in _SIGNED.values() else said.media_type
    return replace(found, media_type=kept_type, document=document, patient=patient), faults


def _at_odds(found: Description, said: Document) -> Iterable[tuple[str, str]]:
    if found.kind in (Kind.DICOM, Kind.DICOMDIR):
        yield "content", "is an image: images are sent by DICOMweb"
    elif not _is_of_type(found.kind, said.media_type):
        yield "content.attachment.contentType", "is not what the content is"
    if (own := found.document) is not None and not _same(own.identifier, said.facts.identifier):
        yield "masterIdentifier", "is not the identifier that the document has"
    ours, theirs = (_known(each) for each in (found.patient, said.patient))
    if ours and theirs and not any(_same(one, other) for one in ours for other in theirs):
        yield "subject", "is not the patient whom the document names"


def _is_of_type(kind: Kind, media_type: str) -> bool:
    if kind in _SIGNED.values() or media_type in _SIGNED:
        return _SIGNED.get(media_type) is kind
    markup = media_type in ("text/xml", "application/xml") or media_type.endswith("+xml")
    return markup == (kind in _MARKUP)


def _known(patient: PatientFacts | None) -> tuple[Identifier, ...]:
    return patient.identifiers if patient is not None else ()


def _same(one: Identifier, other: Identifier) -> bool:
    """Also where one of them names no issuer, or the document has none at all."""
    if one == other or not (one.root or one.extension):
        return True
    return one.extension == other.extension != "" and "" in (one.root, other.root)


def _completed(own: DocumentFacts, said: DocumentFacts) -> DocumentFacts:
    missing = {
        each.name: getattr(said, each.name)
        for each in fields(DocumentFacts)
        if getattr(own, each.name) in ("", None, ()) and each.name != "version"
    }
    if not (own.identifier.root or own.identifier.extension):
        missing["identifier"] = said.identifier
    return replace(own, **missing)
