"""What follows from a deed: the rows that it makes or ends, in the transaction that writes it down.

The same functions make the rows again when a catalogue is rebuilt, deed by deed in their order. Each kind has one.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, or_, select, update

from repository.access.bodies import identifier_of
from repository.catalogue.bulk import insert, insert_new
from repository.catalogue.demand_rows import demand_confirmed, demand_moved, demand_submitted
from repository.catalogue.demand_tables import demand, demand_confirmation, demand_now, demand_step
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.folding import folded
from repository.catalogue.journal_tables import (
    account,
    account_patient,
    after_death,
    custody,
    first_copy,
    leave,
    permission,
    protection,
    relation,
)
from repository.catalogue.text import fit, identifier_key, key, packed
from repository.domain.deed import Deed

Project = Callable[[Connection, Deed], None]

# Every table that the functions below write, and nothing else does: `verify` makes them again and compares.
FOLLOWING: tuple[Table, ...] = (
    account, account_patient, permission, protection, relation, after_death, custody, leave, first_copy, demand,
    demand_step, demand_confirmation, demand_now,
)  # fmt: skip


def _key(identifier: Mapping[str, str] | None) -> str:
    """What an identifier is found by, as it is stored: these rows are inserted past the columns, which would escape."""
    return fit(identifier_key(identifier_of(identifier)))


def project(connection: Connection, deeds: Sequence[Deed]) -> None:
    """What follows from `deeds`, in their order; of accounts that follow each other, at once."""
    for kind, run in groupby(deeds, key=lambda deed: deed.kind):
        if kind == "account":
            _accounts(connection, list(run))
            continue
        for deed in run:
            PROJECTIONS[kind](connection, deed)


def _accounts(connection: Connection, deeds: Sequence[Deed]) -> None:
    for table, rows in account_rows(deeds):
        insert(connection, table, rows)


def account_rows(deeds: Sequence[Deed]) -> list[tuple[Table, list[tuple[Any, ...]]]]:
    """What follows from `deeds`, all of which are accounts: rows by table."""
    shown = [
        (deed.number, fit(key(takeover)), patient)
        for deed in deeds
        for takeover, patient in deed.body.get("patients", ())
    ]
    return [(account, [_account_row(deed) for deed in deeds]), (account_patient, shown)]


def _account_row(deed: Deed) -> tuple[Any, ...]:
    body = deed.body
    return (
        deed.number, deed.at, body["door"], body["kind"], fit(body["id"]), fit(key(folded(body["surname"]))),
        _key(body["organisation_id"]), body["purpose"], body["operation"], fit(key(body["takeover"])),
        body["patient"], body["ordinal"], fit(key(body["study"])), _key(body["document"]), body["outcome"],
        body["reasons"][0] if body["reasons"] else "", "due" if "review" in body["duties"] else "",
    )  # fmt: skip


def _permission(connection: Connection, deed: Deed) -> None:
    body, there = deed.body, permission.c
    earlier = (there.id == body["id"]) & (there.ended_at == "")
    later = or_(there.recorded_at > body["recorded_at"], there.ended_at > body["recorded_at"])
    _none(connection, permission, (there.id == body["id"]) & later)
    connection.execute(update(permission).where(earlier).values(ended_at=body["recorded_at"], end_reason="replaced"))
    grantee = body["grantee"]
    row = (
        fit(body["id"]), body["edition"], body["kind"], fit(body["takeover"]), _key(body["patient"]),
        f"{grantee['kind']}:{_key(grantee['identifier'])}", packed(dict(body)), body["recorded_at"], "", "",
    )  # fmt: skip
    insert(connection, permission, [row])


def _permission_end(connection: Connection, deed: Deed) -> None:
    there = permission.c
    _one(
        connection,
        permission,
        (there.id == deed.body["id"]) & (there.edition == deed.body["edition"]) & (there.ended_at == ""),
        ended_at=deed.at,
        end_reason=deed.body["reason"],
    )


def _protection(connection: Connection, deed: Deed) -> None:
    body = deed.body
    row = (fit(body["id"]), _key(body["patient"]), fit(body["takeover"]), deed.at, "")
    insert(connection, protection, [row])


def _protection_end(connection: Connection, deed: Deed) -> None:
    _one(connection, protection, (protection.c.id == deed.body["id"]) & (protection.c.until == ""), until=deed.at)


def _relation(connection: Connection, deed: Deed) -> None:
    body = deed.body
    row = (
        fit(body["id"]), body["kind"], _key(body["person"]), _key(body["patient"]), packed(dict(body)),
        body["since"], body["until"] or "",
    )  # fmt: skip
    insert(connection, relation, [row])


def _relation_end(connection: Connection, deed: Deed) -> None:
    lasting = (relation.c.until == "") | (relation.c.until > deed.body["until"])
    _one(connection, relation, (relation.c.id == deed.body["id"]) & lasting, until=deed.body["until"])


def _after_death(connection: Connection, deed: Deed) -> None:
    row = (_key(deed.body["patient"]), packed(dict(deed.body)))
    insert(connection, after_death, [row], conflict="ON CONFLICT (patient_key) DO UPDATE SET body = excluded.body")


def _custody(connection: Connection, deed: Deed) -> None:
    body, there = deed.body, custody.c
    before = (there.takeover == body["takeover"]) & (there.until == "")
    _none(connection, custody, (there.takeover == body["takeover"]) & (there.since >= body["since"]))
    connection.execute(update(custody).where(before).values(until=body["since"]))
    insert(connection, custody, [(fit(body["takeover"]), body["since"], "", packed(dict(body)))])


def _leave(connection: Connection, deed: Deed) -> None:
    body = deed.body
    row = (
        fit(body["id"]), deed.kind, fit(body["person"]), fit(body["takeover"]), fit(body["given_by"]), body["since"],
        body["until"], packed(dict(body)),
    )  # fmt: skip
    insert(connection, leave, [row])


def _lifting(connection: Connection, deed: Deed) -> None:
    """Found by the flag, as other leaves are by whom they are for."""
    body = deed.body
    row = (
        fit(body["id"]), deed.kind, fit(body["flag"]), "", fit(body["asked_by"]), body["since"], body["until"],
        packed(dict(body)),
    )  # fmt: skip
    insert(connection, leave, [row])


def _leave_end(connection: Connection, deed: Deed) -> None:
    _one(connection, leave, (leave.c.id == deed.body["id"]) & (leave.c.until > deed.at), until=deed.at)


def _review(connection: Connection, deed: Deed) -> None:
    due = (account.c.number == deed.body["account"]) & (account.c.review == "due")
    _one(connection, account, due, review="done")


def _first_copy(connection: Connection, deed: Deed) -> None:
    insert_new(connection, first_copy, [(_key(deed.body["patient"]), fit(key(deed.body["scope"])), deed.number)])


def _none(connection: Connection, table: Table, which: Any) -> None:
    """No such row is there, or the deed is not written: it would change what was so at an instant of the past."""
    if connection.execute(select(table.primary_key.columns.values()[0]).where(which).limit(1)).first() is not None:
        raise CatalogueConflict(reason=table.name)


def _one(connection: Connection, table: Table, which: Any, **values: str) -> None:
    """Exactly one row is changed, or the deed is not written: it speaks of something that is not there or has ended."""
    if connection.execute(update(table).where(which).values(**values)).rowcount != 1:
        raise CatalogueConflict(reason=table.name)


PROJECTIONS: Mapping[str, Project] = {
    "account": lambda connection, deed: _accounts(connection, [deed]),
    "permission": _permission,
    "permission-end": _permission_end,
    "protection": _protection,
    "protection-end": _protection_end,
    "relation": _relation,
    "relation-end": _relation_end,
    "after-death": _after_death,
    "custody": _custody,
    "authorisation": _leave,
    "approval": _leave,
    "transfer": _leave,  # who may push into an open takeover
    "peer": _leave,  # a DICOM peer: who may call
    "lifting": _lifting,
    "leave-end": _leave_end,
    "review": _review,
    "first-copy": _first_copy,
    "demand": demand_submitted,
    "demand-step": demand_moved,
    "demand-confirmation": demand_confirmed,
    "deposit": lambda _connection, _deed: None,  # what was pushed, by whom: its rows are written beside it, by the pack
    "commitment": lambda _connection, _deed: None,  # storage commitment: what was said to whom; rows are kept apart
    "person": lambda _connection, _deed: None,  # the accounts of people are kept apart; the journal has what was done
    "sign-in-refused": lambda _connection, _deed: None,  # a try of nobody: the journal has it, and no table
}
