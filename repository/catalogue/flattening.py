"""Domain values as rows: tuples in the order of the columns in `tables.py`, text escaped.

The other direction is `assembling.py`; that one undoes the other is a property test. This is the hot path of intake.
"""

import hashlib
from collections.abc import Iterable, Sequence

from repository.catalogue.attributes import ALIKE, INSTANCE, SERIES, STUDY
from repository.catalogue.bulk import Row
from repository.catalogue.folding import date_key, folded_name
from repository.catalogue.sounding import sound_of, words_of
from repository.catalogue.text import fit, identifier_key, key, packed
from repository.domain.describing import DicomFacts, DocumentFacts, Identifier, PatientFacts
from repository.domain.holding import CustodyEvent, Holding, PatientRecord, StoredPack
from repository.domain.takeover import Item
from repository.findings import Finding

NOWHERE = 2**62  # "first named at": by no holding yet
_INSTANCE = frozenset(INSTANCE)
_ALIKE = tuple(ALIKE)


def patient_value(facts: PatientFacts | None) -> list[object] | None:
    if facts is None:
        return None
    identifiers = [[identifier.root, identifier.extension] for identifier in facts.identifiers]
    return [identifiers, facts.name, facts.birth_date, facts.sex]


def stored_object_row(takeover: int, pack: StoredPack) -> Row:
    return (takeover, pack.object_id, pack.key, pack.size, pack.version, pack.record_key, pack.patient,
        pack.header_sha256, pack.description_offset, pack.description_length, pack.description_sha256)  # fmt: skip


def holding_row(takeover: int, holding: Holding, *, index: int, facts: bytes | None) -> Row:
    place, description = holding.location, holding.description
    return (takeover, holding.ordinal, fit(holding.path), holding.patient, holding.size, holding.sha256,
        holding.sealed_sha256, place.object_id, place.offset, place.length, holding.record, index,
        holding.received_at, description.kind.value, fit(description.media_type), holding.disposition.value,
        holding.conflicts_with, facts)  # fmt: skip


def finding_row(takeover: int, finding: Finding, *, ordinal: int = 0, position: int = 0) -> Row:
    """A finding of a description is known by its place in it; one of the journey by what it says."""
    params = packed(dict(finding.params))
    digest = b"" if ordinal else finding_digest(finding)
    return (takeover, ordinal, position, digest, fit(finding.code), fit(finding.subject), params)


def finding_digest(finding: Finding) -> bytes:
    said = packed([finding.code, finding.subject, dict(finding.params)])
    return hashlib.sha256(said.encode()).digest()[:16]


def shared_body(patient: PatientFacts | None, dicom: DicomFacts | None) -> tuple[bytes, str] | None:
    """What a holding says of its patient, study and series, with its digest; None where it says nothing of them."""
    alike = {word: value for word, value in dicom.attributes.items() if word in ALIKE} if dicom else {}
    if patient is None and not alike:
        return None
    body = packed([patient_value(patient), alike])
    return hashlib.sha256(body.encode()).digest()[:16], body


class SharedBodies:
    """`shared_body` that remembers the last one: images of a series, which come together, share theirs, and to compare
    takes a fifth of making it."""

    def __init__(self) -> None:
        self._said: object = None
        self._body: tuple[bytes, str] | None = None

    def of(self, patient: PatientFacts | None, dicom: DicomFacts | None) -> tuple[bytes, str] | None:
        said = (patient, None if dicom is None else tuple(map(dicom.attributes.get, _ALIKE)))
        if said != self._said:
            self._said, self._body = said, shared_body(patient, dicom)
        return self._body


def instance_row(takeover: int, holding: Holding, dicom: DicomFacts) -> Row:
    said = dicom.attributes
    rest: dict[str, object] = {w: v for w, v in said.items() if w not in ALIKE and w not in _INSTANCE}
    if rest.get("SOPInstanceUID") == dicom.sop_instance_uid:
        rest["SOPInstanceUID"] = None  # said, and the same as the column
    uids = (dicom.study_instance_uid, dicom.series_instance_uid, dicom.sop_instance_uid)
    keys = tuple(key(uid) for uid in uids)
    if keys != uids:  # over-long: the columns hold the keys, the values are kept here
        rest[""] = list(uids)
    return (takeover, holding.ordinal, holding.patient, *map(fit, keys), fit(dicom.sop_class_uid),
        fit(dicom.transfer_syntax_uid), *(None if (v := said.get(w)) is None else fit(v) for w in INSTANCE),
        packed(rest) if rest else "{}")  # fmt: skip


def study_row(takeover: int, holding: Holding, dicom: DicomFacts) -> Row:
    said = dicom.attributes
    values = [fit(key(said.get(word, ""))) for word in STUDY]
    return (takeover, holding.patient, fit(key(dicom.study_instance_uid)), holding.ordinal, *values,
        date_key(said.get("StudyDate", "")),
        _name(said.get("ReferringPhysicianName", "")))  # fmt: skip


def series_row(takeover: int, holding: Holding, dicom: DicomFacts) -> Row:
    values = [fit(key(dicom.attributes.get(word, ""))) for word in SERIES]
    return (takeover, holding.patient, fit(key(dicom.study_instance_uid)), fit(key(dicom.series_instance_uid)),
        holding.ordinal, *values)  # fmt: skip


def _name(name: str) -> str:
    """A person's name as it is found by."""
    return fit(key(folded_name(name)))


def _pair(identifier: Identifier | None) -> tuple[str | None, str | None]:
    return (None, None) if identifier is None else (fit(identifier.root), fit(identifier.extension))


def document_row(takeover: int, holding: Holding, document: DocumentFacts) -> Row:
    own, group, author = document.identifier, document.set_id, document.author_id
    return (takeover, holding.ordinal, holding.patient, fit(identifier_key(own)), fit(key(own.extension)), *_pair(own),
        None if group is None else fit(identifier_key(group)), *_pair(group),
        None if document.version is None else str(document.version), fit(document.template), fit(document.code),
        fit(document.class_code), fit(key(document.class_code)),
        fit(document.title), fit(document.effective_time), date_key(document.effective_time),
        fit(document.confidentiality), fit(document.language), fit(document.author), *_pair(author),
        *_pair(document.custodian), *_pair(document.replaces), document.signed, _name(document.author),
        None if author is None else fit(identifier_key(author)), holding.sha1 or None,
        None if document.replaces is None else fit(identifier_key(document.replaces)))  # fmt: skip


def document_study_rows(takeover: int, ordinal: int, uids: Sequence[str]) -> Iterable[Row]:
    return ((takeover, ordinal, place, fit(uid), fit(key(uid))) for place, uid in enumerate(uids, 1))


def event_rows(takeover: int, ordinal: int, document: DocumentFacts) -> Iterable[Row]:
    for place, event in enumerate(document.events, 1):
        yield (takeover, ordinal, place, fit(event.kind), fit(identifier_key(event.identifier)),
            *_pair(event.identifier), fit(event.code), fit(event.code_system), fit(event.start),
            fit(event.stop))  # fmt: skip


def patient_row(takeover: int, patient: PatientRecord, *, first: int) -> Row:
    """Each attribute with the ordinal that first names it, so that the lowest one wins in any order of commits."""
    facts = patient.facts
    return (takeover, patient.number, fit(facts.name),
        first if facts.name else NOWHERE, fit(facts.birth_date), date_key(facts.birth_date),
        first if facts.birth_date else NOWHERE, fit(facts.sex), first if facts.sex else NOWHERE)  # fmt: skip


def patient_name_row(takeover: int, number: int, name: str) -> Row:
    return (takeover, number, _name(name))


def names_said(patient: PatientFacts | None, dicom: DicomFacts | None) -> Iterable[str]:
    """The names in `shared_body` that something can be found by."""
    said = (patient.name if patient else "", dicom.attributes.get("ReferringPhysicianName", "") if dicom else "")
    return filter(None, said)


def name_word_rows(takeover: int, name: str) -> list[Row]:
    """Each word of a name, and how it sounds."""
    whole = key(folded_name(name))
    return [(takeover, fit(whole), fit(word), fit(sound_of(word))) for word in dict.fromkeys(words_of(whole))]


def patient_identifier_row(takeover: int, number: int, identifier: Identifier) -> Row:
    root, extension = identifier.root, identifier.extension
    return (takeover, number, fit(key(extension)), fit(key(root)), fit(root), fit(extension))


def custody_event_row(takeover: int, event: CustodyEvent, *, index: int) -> Row:
    return (takeover, event.entry, fit(event.kind), event.at, fit(event.outcome), fit(event.detail), event.ordinal,
        event.record, index)  # fmt: skip


def item_row(takeover: int, item: Item) -> Row:
    return (takeover, item.ordinal, fit(item.path), item.size, item.declared, item.declared_size,
        packed(dict(item.declared_digests)), item.disposition.value, item.duplicate_of, item.conflicts_with,
        fit(item.reason))  # fmt: skip
