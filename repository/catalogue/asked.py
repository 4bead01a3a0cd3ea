"""What a query asks, as conditions on each table by itself; how these narrow each other is in `conditions.py`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, or_, select, tuple_
from sqlalchemy.engine import Dialect

from repository.catalogue.called import names_called, people_called
from repository.catalogue.folding import folded_name
from repository.catalogue.keyed import holds, listed_below
from repository.catalogue.matching import Slot, dated, listed, wild
from repository.catalogue.query import Level, Match, Query
from repository.catalogue.seeing import Sight
from repository.catalogue.tables import (
    document,
    holding,
    instance,
    medical_event,
    patient,
    patient_identifier,
    patient_name,
    series,
    study,
)
from repository.catalogue.text import identifier_key, key
from repository.domain.describing import Identifier

Parts = list[ColumnElement[bool]]
PERSON = ("takeover", "patient")
STUDY = (*PERSON, "study_instance_uid")
SERIES = (*STUDY, "series_instance_uid")
PLACE = ("takeover", "ordinal")


def among(outer: Table, inner: Table, names: Sequence[str], *, having: Parts) -> ColumnElement[bool]:
    """The row of `outer` shares `names` with a row of `inner` for which the parts hold."""
    return tuple_(*_columns(outer, names)).in_(select(*_columns(inner, names)).where(*having))


def _columns(table: Table, names: Sequence[str]) -> list[Column[Any]]:
    return [table.c["number" if name == "patient" and name not in table.c else name] for name in names]


def _folded(name: str) -> str:
    return name if isinstance(name, Slot) else folded_name(name)


class Asked:
    """The conditions of one query, table by table: only what the table itself can say."""

    def __init__(self, query: Query, dialect: Dialect, sight: Sight | None) -> None:
        self.query = query
        self.dialect = dialect
        self.sight = sight

    def scope_of_takeovers(self, table: Table) -> Parts:
        takeovers = self.query.takeovers
        return [] if takeovers is None else [table.c.takeover.in_(takeovers)]

    def scope(self, table: Table) -> Parts:
        parts, number = self.scope_of_takeovers(table), self.query.patient
        if number is not None:
            parts.append(table.c["number" if "number" in table.c else "patient"] == number)
        return parts

    def seen(self, table: Table) -> Parts:
        """What may be seen of a table that is only searched in, and not joined by patient: an asker learns from what
        is found by it that it is there."""
        return [] if self.sight is None else [self.sight.row(table)]

    def below(self, table: Table) -> Parts:
        """As `scope`, of a table that the outer one shares its patients with: whole patients are seen alike."""
        return self.scope(table) + (self.seen(table) if self.sight and self.sight.partial else [])

    def people(self, outer: Table) -> Parts:
        query = self.query
        parts, known = Parts(), patient_identifier.c
        if query.patient_name.strip("*"):
            scope, name = self.scope(patient_name), query.patient_name
            if query.fuzzy:
                parts.append(tuple_(*_columns(outer, PERSON)).in_(people_called(name, scope, self.dialect)))
            else:
                matches = wild(patient_name.c.name_folded, _folded(name), dialect=self.dialect)
                parts.append(among(outer, patient_name, PERSON, having=[matches, *scope]))
        if query.patient_id.strip("*") or query.patient_root is not None:
            same: Parts = self.scope(patient_identifier)
            if query.patient_id.strip("*"):
                same.append(wild(known.extension_key, query.patient_id, dialect=self.dialect))
            if query.patient_root is not None:
                same.append(known.root_key == key(query.patient_root))
            parts.append(among(outer, patient_identifier, PERSON, having=same))
        own: Parts = [dated(patient.c.birth_key, query.birth_date)] if query.birth_date else []
        if query.sex:
            own.append(patient.c.sex == query.sex)
        if own:
            parts.append(
                and_(*own) if outer is patient else among(outer, patient, PERSON, having=own + self.scope(patient))
            )
        return parts

    def uids(self, table: Table) -> Parts:
        """UID lists on the columns that `table` has; an instance knows its series and study."""
        query = self.query
        asked = {"study_instance_uid": query.study_uids, "series_instance_uid": query.series_uids,
            "sop_instance_uid": query.sop_instance_uids}  # fmt: skip
        return [listed(table.c[name], uids) for name, uids in asked.items() if uids and name in table.c]

    def of_study(self) -> Parts:
        query = self.query
        parts: Parts = []
        if query.accession_number.strip("*"):
            parts.append(wild(study.c.accession_number, query.accession_number, dialect=self.dialect))
        if query.dates and query.level is not Level.DOCUMENT:
            parts.append(dated(study.c.study_date_key, query.dates))
        if query.referring_physician.strip("*"):
            parts.append(self._referred())
        return parts + [self._in_study(each) for each in self._matching(Level.STUDY)]

    def _referred(self) -> ColumnElement[bool]:
        name, theirs = self.query.referring_physician, (study.c.takeover, study.c.referring_physician_folded)
        whole = wild(theirs[1], _folded(name), dialect=self.dialect)
        if not self.query.fuzzy:
            return whole
        return or_(whole, tuple_(*theirs).in_(names_called(name, self.query.takeovers, self.dialect)))

    def _in_study(self, said: Match) -> ColumnElement[bool]:
        if said.keyword == "ModalitiesInStudy":
            below = [*self.below(series), listed_below(series.c.modality, said, self.dialect)]
            return among(study, series, STUDY, having=below)
        if said.keyword == "SOPClassesInStudy":
            below = [*self.below(instance), listed_below(instance.c.sop_class_uid, said, self.dialect)]
            return among(study, instance, STUDY, having=below)
        return holds(said, study, self.dialect)

    def _matching(self, level: Level) -> list[Match]:
        return [each for each in self.query.matching if each.level is level]

    def of_series(self) -> Parts:
        modality = self.query.modality
        own = [wild(series.c.modality, modality, dialect=self.dialect)] if modality.strip("*") else []
        return own + [holds(each, series, self.dialect) for each in self._matching(Level.SERIES)]

    def of_instance(self) -> Parts:
        return [holds(each, instance, self.dialect) for each in self._matching(Level.INSTANCE)]

    @property
    def names_instances(self) -> bool:
        return bool(self.query.sop_instance_uids or self._matching(Level.INSTANCE))

    def images_within(self) -> Parts:
        """What holds for an image that is looked for below its series or study."""
        return [*self.below(instance), *self.uids(instance), *self.of_instance()]

    @property
    def images(self) -> bool:
        query = self.query
        named = query.study_uids or query.series_uids or self.names_instances or query.imaged
        return bool(named or self.of_study() or self.of_series())

    def documents(self) -> Parts:
        query = self.query
        parts: Parts = []
        if query.document_id and query.document_root is not None and not set("*?") & set(query.document_id):
            whole = identifier_key(Identifier(query.document_root, query.document_id))
            parts.append(document.c.identifier_key == whole)
        else:
            if query.document_id.strip("*"):
                parts.append(wild(document.c.extension_key, query.document_id, dialect=self.dialect))
            if query.document_root is not None:
                parts.append(document.c.root == query.document_root)
        if query.set_id is not None:
            parts.append(document.c.set_key == identifier_key(query.set_id))
        if query.replaces is not None:
            parts.append(document.c.replaces_key == identifier_key(query.replaces))
        if query.class_code:
            parts.append(document.c.class_key == key(query.class_code))
        if query.author.strip("*"):
            parts.append(wild(document.c.author_folded, folded_name(query.author), dialect=self.dialect))
        if query.dates and query.level is Level.DOCUMENT:
            parts.append(dated(document.c.effective_key, query.dates))
        if query.event_id is not None:
            named = medical_event.c.identifier_key == identifier_key(query.event_id)
            parts.append(among(document, medical_event, PLACE, having=[named]))
        return parts

    def kept(self, outer: Table) -> Parts:
        kind = self.query.kind
        if kind is None or outer is patient:
            return []
        own: Parts = [holding.c.kind == kind.value]
        if outer is holding:
            return own
        return [among(outer, holding, PLACE, having=own)] if "ordinal" in outer.c else []
