"""Rows as domain values: what `flattening.py` took apart, equal to what it was."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, select

from repository.catalogue import tables
from repository.catalogue.attributes import INSTANCE, column
from repository.catalogue.bulk import in_groups
from repository.catalogue.engine import Room
from repository.catalogue.listing import among, one_of
from repository.catalogue.prepared import Prepared
from repository.catalogue.text import unpacked
from repository.domain.describing import (
    Description,
    DicomFacts,
    DocumentFacts,
    EventFacts,
    Identifier,
    Kind,
    PatientFacts,
)
from repository.domain.holding import CustodyEvent, Holding, Location, PatientRecord, StoredPack
from repository.domain.takeover import Disposition
from repository.findings import Finding

AnyRow = Row[*tuple[Any, ...]]
Place = tuple[int, int]  # number of a takeover, ordinal
_INSTANCE = [(word, list(tables.instance.c.keys()).index(column(word))) for word in INSTANCE]


_KINDS = {each.value: each for each in Kind}
_DISPOSITIONS = {each.value: each for each in Disposition}


@dataclass(frozen=True, slots=True)
class _Parts:
    """The rows that belong to some holdings, by ordinal; shared facts by digest."""

    facts: Mapping[bytes, tuple[PatientFacts | None, Mapping[str, str]]]
    instances: Mapping[int, AnyRow]
    documents: Mapping[int, AnyRow]
    uids: Mapping[int, list[str]]
    events: Mapping[int, list[EventFacts]]
    findings: Mapping[int, list[Finding]]


@cache
def _rows(table: Table, *, sqlite: bool) -> Prepared:
    """However many holdings they are of: profiled, half of what it took to find a thousand images went into statements
    with as many parameters."""
    mine = (table.c.takeover == bindparam("takeover"), among(table.c.ordinal, "ordinals", sqlite=sqlite))
    return Prepared(select(table).where(*mine).order_by(*table.primary_key.columns))


@cache
def _rows_of_one(table: Table) -> Prepared:
    mine = (table.c.takeover == bindparam("takeover"), table.c.ordinal == bindparam("ordinal"))
    return Prepared(select(table).where(*mine).order_by(*table.primary_key.columns))


@cache
def _shared_by_one() -> Prepared:
    there = tables.shared_facts.c
    mine = (there.takeover == bindparam("takeover"), there.digest == bindparam("digest"))
    return Prepared(select(there.digest, there.body).where(*mine))


@cache
def _shared() -> Select[Any]:
    there = tables.shared_facts.c
    mine = there.digest.in_(bindparam("digests", expanding=True))
    return select(there.digest, there.body).where(there.takeover == bindparam("takeover"), mine)


def _of(connection: Connection, table: Table, number: int, ordinals: Sequence[int]) -> list[AnyRow]:
    """Rows of `table` for these holdings, in the order of its key."""
    if len(ordinals) == 1:
        return _rows_of_one(table).all(connection, {"takeover": number, "ordinal": ordinals[0]})
    sqlite = connection.dialect.name == "sqlite"
    return _rows(table, sqlite=sqlite).all(
        connection, {"takeover": number, "ordinals": one_of(ordinals, sqlite=sqlite)}
    )


def _facts(
    connection: Connection, number: int, digests: Sequence[bytes]
) -> dict[bytes, tuple[PatientFacts | None, Mapping[str, str]]]:
    """The patient and the attributes by digest: read once for all that share them."""
    rows: list[Any] = []
    if len(digests) == 1:
        rows = _shared_by_one().all(connection, {"takeover": number, "digest": digests[0]})
    else:
        for group in in_groups(digests):
            rows += connection.execute(_shared(), {"takeover": number, "digests": list(group)})
    read = ((bytes(row.digest), unpacked(row.body)) for row in rows)
    return {digest: (_patient(patient), alike) for digest, (patient, alike) in read}


def _parts(connection: Connection, number: int, rows: Sequence[AnyRow]) -> _Parts:
    ordinals = [row.ordinal for row in rows]
    instances = {row.ordinal: row for row in _of(connection, tables.instance, number, ordinals)}
    documents = {row.ordinal: row for row in _of(connection, tables.document, number, ordinals)}
    uids: dict[int, list[str]] = defaultdict(list)
    events: dict[int, list[EventFacts]] = defaultdict(list)
    if documents:
        for row in _of(connection, tables.document_study, number, list(documents)):
            uids[row.ordinal].append(row.study_instance_uid)
        for row in _of(connection, tables.medical_event, number, list(documents)):
            events[row.ordinal].append(_event(row))
    findings: dict[int, list[Finding]] = defaultdict(list)
    for row in _of(connection, tables.finding, number, ordinals):
        findings[row.ordinal].append(read_finding(row))
    digests = {bytes(row.facts) for row in rows if row.facts is not None}
    return _Parts(_facts(connection, number, sorted(digests)), instances, documents, uids, events, findings)


def read_finding(row: AnyRow) -> Finding:
    return Finding(code=row.code, subject=row.subject, params=unpacked(row.params))


def _event(row: AnyRow) -> EventFacts:
    return EventFacts(
        kind=row.kind,
        identifier=Identifier(row.root, row.extension),
        code=row.code,
        code_system=row.code_system,
        start=row.start,
        stop=row.stop,
    )


def _patient(value: list[Any] | None) -> PatientFacts | None:
    if value is None:
        return None
    identifiers, name, birth_date, sex = value
    return PatientFacts(tuple(Identifier(*pair) for pair in identifiers), name, birth_date, sex)


def _dicom(row: AnyRow, alike: Mapping[str, str]) -> DicomFacts:
    attributes: dict[str, Any] = {**alike, **unpacked(row.rest)}
    own = (row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)
    study, series, sop = attributes.pop("", own)
    if "SOPInstanceUID" in attributes and attributes["SOPInstanceUID"] is None:
        attributes["SOPInstanceUID"] = sop
    for word, place in _INSTANCE:
        if (value := row[place]) is not None:
            attributes[word] = value
    return DicomFacts(
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=sop,
        study_instance_uid=study,
        series_instance_uid=series,
        transfer_syntax_uid=row.transfer_syntax_uid,
        attributes=attributes,
    )


def _identifier(root: str | None, extension: str | None) -> Identifier | None:
    return None if root is None or extension is None else Identifier(root, extension)


def _document(row: AnyRow, parts: _Parts) -> DocumentFacts:
    return DocumentFacts(
        identifier=Identifier(row.root, row.extension),
        set_id=_identifier(row.set_root, row.set_extension),
        version=None if row.version is None else int(row.version),
        template=row.template,
        code=row.code,
        class_code=row.class_code,
        title=row.title,
        effective_time=row.effective_time,
        confidentiality=row.confidentiality,
        language=row.language,
        author=row.author,
        author_id=_identifier(row.author_root, row.author_extension),
        custodian=_identifier(row.custodian_root, row.custodian_extension),
        replaces=_identifier(row.replaces_root, row.replaces_extension),
        signed=row.signed,
        events=tuple(parts.events.get(row.ordinal, ())),
        study_uids=tuple(parts.uids.get(row.ordinal, ())),
    )


_NOTHING: tuple[PatientFacts | None, Mapping[str, str]] = (None, {})


def _sha1(document: AnyRow | None) -> bytes:
    return b"" if document is None or document.sha1 is None else bytes(document.sha1)


def _description(row: AnyRow, parts: _Parts) -> Description:
    patient, alike = _NOTHING if row.facts is None else parts.facts[bytes(row.facts)]
    instance, document = parts.instances.get(row.ordinal), parts.documents.get(row.ordinal)
    return Description(
        kind=_KINDS[row.kind],
        media_type=row.media_type,
        patient=patient,
        dicom=None if instance is None else _dicom(instance, alike),
        document=None if document is None else _document(document, parts),
        findings=tuple(parts.findings.get(row.ordinal, ())),
    )


def read_holdings(connection: Connection, number: int, rows: Sequence[AnyRow]) -> list[Holding]:
    """The holdings of one takeover whose rows (with their log entry) these are, in their order."""
    parts = _parts(connection, number, rows)
    return [
        Holding(
            ordinal=row.ordinal,
            path=row.path,
            patient=row.patient,
            size=row.size,
            sha256=bytes(row.sha256),
            sealed_sha256=bytes(row.sealed_sha256),
            location=Location(row.object_id, row.offset, row.length),
            record=bytes(row.record),
            entry=bytes(row.entry),
            received_at=row.received_at,
            description=_description(row, parts),
            disposition=_DISPOSITIONS[row.disposition],
            conflicts_with=row.conflicts_with,
            sha1=_sha1(parts.documents.get(row.ordinal)),
        )
        for row in rows
    ]


def read_holdings_page_by_page(
    room: Room, page: Callable[[Connection, Place], Sequence[AnyRow]], *, most: int
) -> Iterator[tuple[int, Holding]]:
    """Holdings of any takeovers with the numbers of those, by (takeover, ordinal): `page` gives up to `most` rows after
    a place, in that order, each page in a transaction of its own; less than `most` are the last."""
    after: Place = (0, 0)
    while True:
        with room.reading() as connection:
            rows = page(connection, after)
            found = [
                (number, each)
                for number, own in groupby(rows, key=attrgetter("takeover"))
                for each in read_holdings(connection, number, list(own))
            ]
        yield from found
        if len(rows) < most:
            return
        after = (rows[-1].takeover, rows[-1].ordinal)


def read_pack(row: AnyRow) -> StoredPack:
    return StoredPack(
        object_id=row.object_id,
        key=row.key,
        size=row.size,
        version=row.version,
        record_key=row.record_key,
        patient=row.patient,
        header_sha256=bytes(row.header_sha256),
        description_offset=row.description_offset,
        description_length=row.description_length,
        description_sha256=bytes(row.description_sha256),
    )


def read_custody_event(row: AnyRow) -> CustodyEvent:
    return CustodyEvent(
        kind=row.kind,
        at=row.at,
        outcome=row.outcome,
        detail=row.detail,
        ordinal=row.ordinal,
        record=bytes(row.record),
        entry=bytes(row.entry),
    )


def read_patients(people: Iterable[Any], named: Iterable[Any]) -> list[PatientRecord]:
    """Patients in the order of `people`, whose rows they are, with the identifiers that rows of `named` give them."""
    identifiers: dict[int, list[Identifier]] = defaultdict(list)
    for row in named:
        identifiers[row.number].append(Identifier(row.root, row.extension))
    return [
        PatientRecord(
            row.number, PatientFacts(tuple(identifiers.get(row.number, ())), row.name, row.birth_date, row.sex)
        )
        for row in people
    ]
