"""Writing down what was sealed: one transaction for several packs, the hot path of intake.

Measured on SQLite, 2-core machine, holdings of CT images in packs of 500: see docs/catalogue.md.
"""

from collections.abc import Container, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sqlalchemy import Connection, select

from repository.catalogue import bulk, flattening, tables
from repository.catalogue.attributes import SERIES, STUDY, column
from repository.catalogue.bulk import Row
from repository.catalogue.desk import Desk
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.log import sequence, size_of, take_sequencer
from repository.catalogue.written import Written
from repository.domain.describing import Description, DicomFacts, DocumentFacts, Identifier, PatientFacts
from repository.domain.holding import CustodyEvent, Holding, PackRecord
from repository.findings import Finding

_ITEM_STORED = "UPDATE item SET disposition = ?, conflicts_with = ?, duplicate_of = 0, reason = '' WHERE takeover = ? AND ordinal = ?"  # noqa: E501


def _lowest_ordinal_wins(table: str, keys: Sequence[str], columns: Sequence[str]) -> str:
    """An ON CONFLICT clause: the row keeps the attributes of the lowest ordinal, whatever came first."""
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns)
    return f'ON CONFLICT ({", ".join(keys)}) DO UPDATE SET {changed} WHERE excluded.first_ordinal < "{table}".first_ordinal'  # noqa: E501


def _lowest_names(name: str, *, first: str, also: str = "") -> str:
    earlier = f"excluded.{first} < patient.{first}"
    return ", ".join(
        f"{each} = CASE WHEN {earlier} THEN excluded.{each} ELSE patient.{each} END"
        for each in (name, *filter(None, (also,)), first)
    )


_STUDY = _lowest_ordinal_wins(
    "study",
    ("takeover", "patient", "study_instance_uid"),
    ["first_ordinal", *map(column, STUDY), "study_date_key", "referring_physician_folded"],
)
_SERIES = _lowest_ordinal_wins(
    "series",
    ("takeover", "patient", "study_instance_uid", "series_instance_uid"),
    ["first_ordinal", *map(column, SERIES)],
)
_PATIENT = "ON CONFLICT (takeover, number) DO UPDATE SET " + ", ".join(
    (
        _lowest_names("name", first="name_from"),
        _lowest_names("birth_date", first="birth_from", also="birth_key"),
        _lowest_names("sex", first="sex_from"),
    )
)


def _names_several(description: Description) -> bool:
    """Whether the identifiers belong to more than one patient: then they lead to nobody, and above all not from one
    patient to what is kept of the other."""
    return any(finding.code == "TKO-PATIENT-AMBIGUOUS" for finding in description.findings)


@dataclass(slots=True)
class _Rows:
    """All rows of one transaction, by table, but for those that are `written`. `fresh`: what may join these."""

    takeover: int
    written: Container[Hashable] = ()
    fresh: list[Hashable] = field(default_factory=list)
    objects: list[Row] = field(default_factory=list)
    keys: dict[str, Row] = field(default_factory=dict)
    holdings: list[Row] = field(default_factory=list)
    facts: dict[bytes, Row] = field(default_factory=dict)
    findings: list[Row] = field(default_factory=list)
    patients: list[Row] = field(default_factory=list)
    names: dict[tuple[int, str], Row] = field(default_factory=dict)
    name_words: dict[str, list[Row]] = field(default_factory=dict)
    identifiers: dict[tuple[int, Identifier], Row] = field(default_factory=dict)
    studies: dict[Row, Row] = field(default_factory=dict)
    series: dict[Row, Row] = field(default_factory=dict)
    instances: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    document_studies: list[Row] = field(default_factory=list)
    medical_events: list[Row] = field(default_factory=list)
    stored: list[Row] = field(default_factory=list)
    alike: flattening.SharedBodies = field(default_factory=flattening.SharedBodies)

    def add_pack(self, record: PackRecord, indexes: Sequence[int]) -> None:
        pack, patient = record.pack, record.patient
        self.objects.append(flattening.stored_object_row(self.takeover, pack))
        if self._new(("key", pack.record_key)):
            self.keys[pack.record_key] = (pack.record_key, self.takeover, pack.patient, 0)
        if patient is not None and self._new(("patient", patient.number, patient.facts)):
            first = min((holding.ordinal for holding in record.holdings), default=flattening.NOWHERE - 1)
            self.patients.append(flattening.patient_row(self.takeover, patient, first=first))
            self._identify(patient.number, patient.facts)
        for holding, index in zip(record.holdings, indexes, strict=True):
            self._add_holding(holding, index)

    def _new(self, row: Hashable) -> bool:
        """Whether the row has to be written; then it is fresh."""
        if row in self.written:
            return False
        self.fresh.append(row)
        return True

    def _identify(self, number: int, facts: PatientFacts) -> None:
        if not self._new(("identity", number, facts.name, facts.identifiers)):
            return
        if facts.name and (number, facts.name) not in self.names:
            self.names[number, facts.name] = flattening.patient_name_row(self.takeover, number, facts.name)
            self._spell(facts.name)
        for identifier in facts.identifiers:
            if (number, identifier) not in self.identifiers:
                row = flattening.patient_identifier_row(self.takeover, number, identifier)
                self.identifiers[number, identifier] = row

    def _spell(self, name: str) -> None:
        if name not in self.name_words and self._new(("words", name)):
            self.name_words[name] = flattening.name_word_rows(self.takeover, name)

    def _add_holding(self, holding: Holding, index: int) -> None:
        number, description = self.takeover, holding.description
        shared = self.alike.of(description.patient, description.dicom)
        if shared is not None and self._new(("facts", shared[0])):
            self.facts[shared[0]] = (number, *shared)
            for name in flattening.names_said(description.patient, description.dicom):
                self._spell(name)
        facts = None if shared is None else shared[0]
        self.holdings.append(flattening.holding_row(number, holding, index=index, facts=facts))
        self.stored.append((holding.disposition.value, holding.conflicts_with, number, holding.ordinal))
        for position, finding in enumerate(description.findings, 1):
            row = flattening.finding_row(number, finding, ordinal=holding.ordinal, position=position)
            self.findings.append(row)
        if description.patient is not None and holding.patient and not _names_several(description):
            # Found by every name and identifier that a holding carries, also where the patient is known by another.
            self._identify(holding.patient, description.patient)
        if description.dicom is not None:
            self._add_instance(holding, description.dicom)
        if description.document is not None:
            self._add_document(holding, description.document)

    def _add_instance(self, holding: Holding, dicom: DicomFacts) -> None:
        row = flattening.instance_row(self.takeover, holding, dicom)
        self.instances.append(row)
        if not dicom.placed:  # found by its own UID, and beneath no study
            return
        study, series = (holding.patient, row[3]), (holding.patient, row[3], row[4])
        known = self.studies.get(study)
        if (known is None or holding.ordinal < known[3]) and self._new(("study", *study)):
            self.studies[study] = flattening.study_row(self.takeover, holding, dicom)
        known = self.series.get(series)
        if (known is None or holding.ordinal < known[4]) and self._new(("series", *series)):
            self.series[series] = flattening.series_row(self.takeover, holding, dicom)

    def _add_document(self, holding: Holding, document: DocumentFacts) -> None:
        number, ordinal = self.takeover, holding.ordinal
        self.documents.append(flattening.document_row(number, holding, document))
        self.document_studies.extend(flattening.document_study_rows(number, ordinal, document.study_uids))
        self.medical_events.extend(flattening.event_rows(number, ordinal, document))

    def write(self, connection: Connection) -> None:
        bulk.insert(connection, tables.stored_object, self.objects)
        if self.fresh:  # nothing is, of the second image of a series that is pushed
            self._write_fresh(connection)
        bulk.insert(connection, tables.holding, self.holdings)
        bulk.insert(connection, tables.instance, self.instances)
        if self.documents:
            bulk.insert(connection, tables.document, self.documents)
            bulk.insert(connection, tables.document_study, self.document_studies)
            bulk.insert(connection, tables.medical_event, self.medical_events)
        bulk.insert_new(connection, tables.finding, self.findings)
        bulk.execute_many(connection, _ITEM_STORED, self.stored)

    def _write_fresh(self, connection: Connection) -> None:
        """What several holdings say."""
        bulk.insert_new(connection, tables.record_key, list(self.keys.values()))
        bulk.insert_new(connection, tables.shared_facts, list(self.facts.values()))
        bulk.insert(connection, tables.patient, self.patients, conflict=_PATIENT)
        bulk.insert_new(connection, tables.patient_name, list(self.names.values()))
        bulk.insert_new(connection, tables.name_word, list(chain.from_iterable(self.name_words.values())))
        bulk.insert_new(connection, tables.patient_identifier, list(self.identifiers.values()))
        bulk.insert(connection, tables.study, list(self.studies.values()), conflict=_STUDY)
        bulk.insert(connection, tables.series, list(self.series.values()), conflict=_SERIES)


def _not_yet_recorded(connection: Connection, number: int, packs: Sequence[PackRecord]) -> list[PackRecord]:
    """Those of `packs` that are new. A pack that is there must be the same one, or `CatalogueConflict`."""
    fresh: dict[str, PackRecord] = {}
    for record in packs:
        fresh.setdefault(record.pack.object_id, record)
    there = tables.stored_object.c
    for group in bulk.in_groups(list(fresh)):
        found = select(there.object_id, there.header_sha256, there.description_sha256, there.size).where(
            there.takeover == number, there.object_id.in_(group)
        )
        for object_id, header, description, size in connection.execute(found):
            pack = fresh.pop(object_id).pack
            if (bytes(header), bytes(description), size) != (pack.header_sha256, pack.description_sha256, pack.size):
                raise CatalogueConflict(reason="stored_object")
    return list(fresh.values())


def _new_events(connection: Connection, number: int, events: Sequence[CustodyEvent]) -> list[CustodyEvent]:
    there, fresh = tables.custody_event.c, {event.entry: event for event in events}
    for group in bulk.in_groups(list(fresh)):
        known = select(there.entry).where(there.takeover == number, there.entry.in_(group))
        for (entry,) in connection.execute(known):
            del fresh[bytes(entry)]
    return list(fresh.values())


def write_packs(
    connection: Connection,
    number: int,
    packs: Sequence[PackRecord],
    *,
    findings: Sequence[Finding] = (),
    events: Sequence[CustodyEvent] = (),
) -> int:
    """What `Writing.record` does, in a transaction that is under way. Needs `take_sequencer`."""
    fresh = _not_yet_recorded(connection, number, packs)
    happened = _new_events(connection, number, events) if events else []
    entries = [holding.entry for record in fresh for holding in record.holdings]
    indexes = sequence(connection, entries + [event.entry for event in happened])
    rows, place = _Rows(number), 0
    for record in fresh:
        rows.add_pack(record, indexes[place : place + len(record.holdings)])
        place += len(record.holdings)
    rows.findings.extend(flattening.finding_row(number, finding) for finding in findings)
    rows.write(connection)
    told = zip(happened, indexes[place:], strict=True)
    rows_of_events = [flattening.custody_event_row(number, event, index=index) for event, index in told]
    bulk.insert(connection, tables.custody_event, rows_of_events)
    return indexes[0] if indexes else size_of(connection)


def write_new_packs(
    connection: Connection,
    number: int,
    packs: Sequence[PackRecord],
    *,
    indexes: Sequence[int],
    written: Written,
) -> list[Hashable]:
    """As `write_packs`, for packs that were sealed this moment and whose items have been written as they are: what a
    single push waits for. `indexes`: where the log has the entries of their holdings. `written`: rows of lower ordinals
    that are committed; what is returned may join them once this is."""
    rows, place = _Rows(number, written, alike=written.alike), 0
    for record in packs:
        rows.add_pack(record, indexes[place : place + len(record.holdings)])
        place += len(record.holdings)
    rows.stored = []
    rows.write(connection)
    return rows.fresh


class Writing(Desk):
    def record(
        self,
        number: int,
        packs: Sequence[PackRecord],
        *,
        findings: Sequence[Finding] = (),
        events: Sequence[CustodyEvent] = (),
    ) -> int:
        """All of `packs` are catalogued and in the log, in one durable transaction; or none of them is.

        Returns the log index of the first new entry (the log's size if there is none). Packs and events that were
        recorded before are left out, so a call may be repeated after a crash. Attributes of patients, studies and
        series are those of the lowest ordinal that names them, in whatever order packs are recorded.
        """
        with self._room.writing() as connection:
            take_sequencer(connection)
            return write_packs(connection, number, packs, findings=findings, events=events)

    def record_event(self, number: int, event: CustodyEvent) -> int:
        """The event is recorded and in the log; recorded twice it is there once. Returns its log index."""
        self.record(number, (), events=(event,))
        there = tables.custody_event.c
        same = (there.takeover == number) & (there.entry == event.entry)
        with self._room.reading() as connection:
            index: int = connection.execute(select(there.log_index).where(same)).scalar_one()
        return index

    def note_record_key(self, id: str, *, takeover: int, patient: int, epoch: int) -> None:  # noqa: A002
        """The record key stands at `epoch`: after it was made, and after each rotation."""
        row = (id, takeover, patient, epoch)
        with self._room.writing() as connection:
            newer = "ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch"
            bulk.insert(connection, tables.record_key, [row], conflict=newer)
