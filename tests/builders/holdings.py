"""Holdings, packs and takeovers for the catalogue's tests: plausible, seeded, of nobody."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from repository.catalogue.catalogue import Catalogue
from repository.domain.describing import (
    Description,
    DicomFacts,
    DocumentFacts,
    EventFacts,
    Identifier,
    Kind,
    PatientFacts,
)
from repository.domain.holding import Holding, Location, PackRecord, PatientRecord, StoredPack
from repository.domain.takeover import Handover, Item, Producer, Takeover

PESEL = "2.16.840.1.113883.3.4424.1.1.616"
AT = "2026-01-02T03:04:05Z"


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def opened(catalogue: Catalogue, name: str = "one") -> Takeover:
    return catalogue.open_takeover(
        Handover(producer=Producer(name="Przychodnia Zdrojowa", regon="000000000")),
        id=f"takeover-{name}", package=f"/packages/{name}", fingerprint=f"fingerprint-{name}", declared=True,
        opened_at=AT,
    )  # fmt: skip


def person(number: int, *, name: str = "", birth_date: str = "19700101", sex: str = "F") -> PatientFacts:
    return PatientFacts((Identifier(PESEL, f"{number:011d}"),), name or f"Przykładowa^Osoba{number}", birth_date, sex)


def image(
    ordinal: int,
    *,
    patient: int = 1,
    study: str = "1.2.3",
    series: str = "1.2.3.1",
    sop: str = "",
    facts: PatientFacts | None = None,
    attributes: Mapping[str, str] | None = None,
    **others: object,
) -> Holding:
    facts = facts or person(patient)
    said = {
        "SpecificCharacterSet": "ISO_IR 192", "ImageType": "ORIGINAL\\PRIMARY\\AXIAL", "StudyDate": "20200102",
        "StudyTime": "101112", "AccessionNumber": f"A{patient}", "StudyID": "1", "StudyDescription": "TK głowy",
        "ReferringPhysicianName": "Żółć^Łucja", "PatientName": facts.name, "PatientBirthDate": facts.birth_date,
        "PatientID": facts.identifiers[0].extension if facts.identifiers else "", "PatientSex": facts.sex,
        "Modality": "CT", "SeriesNumber": "2", "SeriesDescription": "axial", "BodyPartExamined": "HEAD",
        "Manufacturer": "None such", "InstanceNumber": str(ordinal), "Rows": "512", "Columns": "512",
        "BitsAllocated": "16", "ContentDate": "20200102", "ContentTime": f"1011{ordinal % 60:02d}",
        "AcquisitionNumber": "1", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
    }  # fmt: skip
    dicom = DicomFacts(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2", sop_instance_uid=sop or f"{series}.{ordinal}",
        study_instance_uid=study, series_instance_uid=series, transfer_syntax_uid="1.2.840.10008.1.2.1",
        attributes={**said, **(attributes or {})},
    )  # fmt: skip
    described = Description(Kind.DICOM, "application/dicom", patient=facts, dicom=dicom)
    return replace(kept(ordinal, described, patient=patient), **others)  # type: ignore[arg-type]


def paper(ordinal: int, *, patient: int = 1, facts: PatientFacts | None = None, **said: object) -> Holding:
    document = DocumentFacts(
        identifier=Identifier("1.2.616.1", f"doc-{ordinal}"), set_id=Identifier("1.2.616.2", f"set-{ordinal}"),
        version=1, template="2.16.840^1.3.1", code="11502-2", class_code="00.30", title="Opis badania",
        effective_time="20200103120000+0100", confidentiality="N", language="pl-PL", author="Lekarska^Anna",
        author_id=Identifier("2.16.840", "1234567"), custodian=Identifier("2.16.841", "1"), signed=True,
        events=(EventFacts("encounter", Identifier("1.5", f"e{ordinal}"), start="20200102"),),
        study_uids=("1.2.3",),
    )  # fmt: skip
    described = Description(
        Kind.CDA,
        "text/xml",
        patient=facts or person(patient),
        document=replace(document, **said),  # type: ignore[arg-type]
    )
    return kept(ordinal, described, patient=patient)


def kept(ordinal: int, described: Description, *, patient: int = 1) -> Holding:
    return Holding(
        ordinal=ordinal, path=f"data/{ordinal:06d}.bin", patient=patient, size=1000 + ordinal,
        sha256=sha(f"bytes {ordinal}"), sealed_sha256=sha(f"sealed {ordinal}"), location=Location("", 0, 1016),
        record=b'{"ordinal":%d}' % ordinal, entry=sha(f"entry {ordinal}"), received_at=AT, description=described,
    )  # fmt: skip


def packed(object_id: str, *holdings: Holding, takeover: int = 1, facts: PatientFacts | None = None) -> PackRecord:
    """One stored object of `holdings`, laid one behind the other; entries are made different between takeovers."""
    patient = holdings[0].patient if holdings else 0
    placed, offset = [], 64
    for holding in holdings:
        place = Location(object_id, offset, holding.location.length)
        offset += place.length
        entry = sha(f"entry {takeover} {object_id} {holding.ordinal}")
        placed.append(replace(holding, location=place, entry=entry))
    pack = StoredPack(
        object_id=object_id, key=f"takeovers/t{takeover}/{object_id}", size=offset + 500, version="",
        record_key=f"key-{takeover}-{patient}", patient=patient, header_sha256=sha(f"head {object_id}"),
        description_offset=offset, description_length=400, description_sha256=sha(f"description {object_id}"),
    )  # fmt: skip
    known = facts or (placed[0].description.patient if placed else None)
    return PackRecord(pack, PatientRecord(patient, known) if known and patient else None, tuple(placed))


def listed(*ordinals: int) -> list[Item]:
    return [
        Item(ordinal=n, path=f"data/{n:06d}.bin", size=n, declared=True, declared_digests={"sha256": f"{n:064x}"})
        for n in ordinals
    ]
