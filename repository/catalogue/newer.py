"""What has been written to a takeover since somebody looked: for processes that push into it by turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from repository.catalogue.assembling import read_patients
from repository.catalogue.listing import among, one_of
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import document, holding, instance, item, patient, patient_identifier
from repository.domain.describing import Identifier
from repository.domain.holding import PatientRecord

LAST = select(func.coalesce(func.max(item.c.ordinal), 0)).where(item.c.takeover == bindparam("number"))


@dataclass(frozen=True, slots=True)
class Trace:
    """What a later item is compared with. `uid_key`: of the SOP Instance UID, by `text.key`; empty for none."""

    ordinal: int
    sha256: bytes
    uid_key: str
    document: Identifier | None


@dataclass(frozen=True, slots=True)
class Newer:
    """`last`: the highest ordinal; `traces` of what is kept, by ordinal; `patients`: those of whom something came, as
    they are known now."""

    last: int
    traces: Sequence[Trace] = ()
    patients: Sequence[PatientRecord] = ()


def newer_than(connection: Connection, number: int, after: int, *, most: int) -> Newer | None:
    """In a transaction that sees one state. None where more than `most` items were written."""
    last: int = _LAST.all(connection, {"number": number})[0].last
    if last == after:
        return Newer(last)
    if last - after > most:
        return None
    rows = _KEPT.all(connection, {"number": number, "after": after})
    traces = [Trace(row.ordinal, bytes(row.sha256), row.sop_instance_uid or "", _document(row)) for row in rows]
    return Newer(last, traces, _patients(connection, number, sorted({row.patient for row in rows if row.patient})))


# Made once: each turn asks them, and making a statement costs more than answering it.
_LAST = Prepared(select(LAST.scalar_subquery().label("last")))
_KEPT = Prepared(
    select(
        holding.c.ordinal, holding.c.sha256, holding.c.patient, instance.c.sop_instance_uid, document.c.root,
        document.c.extension,
    )
    .select_from(holding)
    .outerjoin(instance, (instance.c.takeover == holding.c.takeover) & (instance.c.ordinal == holding.c.ordinal))
    .outerjoin(document, (document.c.takeover == holding.c.takeover) & (document.c.ordinal == holding.c.ordinal))
    .where(holding.c.takeover == bindparam("number"), holding.c.ordinal > bindparam("after"))
    .order_by(holding.c.ordinal)
)  # fmt: skip


def _document(row: Any) -> Identifier | None:
    return None if row.root is None and row.extension is None else Identifier(row.root or "", row.extension or "")


@cache
def _people(*, sqlite: bool) -> tuple[Prepared, Prepared]:
    """Patients with some numbers, and their identifiers, each in their order."""
    who, known = patient.c, patient_identifier.c
    mine = (who.takeover == bindparam("number"), among(who.number, "numbers", sqlite=sqlite))
    theirs = (known.takeover == bindparam("number"), among(known.number, "numbers", sqlite=sqlite))
    named = select(known.number, known.root, known.extension).where(*theirs)
    return (
        Prepared(select(who.number, who.name, who.birth_date, who.sex).where(*mine).order_by(who.number)),
        Prepared(named.order_by(known.number, known.root_key, known.extension_key)),
    )


def _patients(connection: Connection, number: int, numbers: Sequence[int]) -> list[PatientRecord]:
    if not numbers:
        return []
    sqlite = connection.dialect.name == "sqlite"
    asked = {"number": number, "numbers": one_of(numbers, sqlite=sqlite)}
    people, named = _people(sqlite=sqlite)
    return read_patients(people.all(connection, asked), named.all(connection, asked))
