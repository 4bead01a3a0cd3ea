"""Writing down who may read what: each function is one deed, in force from the next request on (R463-10.1.4, 10.1.5).

Nothing is ever changed in place: a changed consent is its next edition, and an end has an instant.
"""

from dataclasses import replace

from repository.access.bodies import (
    after_death_body,
    approval_body,
    authorisation_body,
    custody_body,
    identifier_body,
    moment,
    permission_body,
    relation_body,
)
from repository.access.errors import PermissionUnknown, SecondPersonNeeded
from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Relation
from repository.access.permission import Permission
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.journal import note
from repository.runtime import Archive
from storage.ids import new_id


def give(archive: Archive, permission: Permission) -> Permission:
    """The permission is recorded as of now: as a new one, or, where its id is known, as the next edition, which ends
    the one before at the same instant."""
    known = archive.catalogue.entitling.permission(permission.id) if permission.id else None
    now = archive.clock()
    given = replace(
        permission,
        id=permission.id or str(new_id()),
        edition=known.edition + 1 if known else 1,
        recorded_at=now,
        ended_at=None,
        end_reason="",
    )
    note(archive, "permission", permission_body(given), outcome=given.kind.value, at=moment(now))
    return given


def withdraw(archive: Archive, id: str, *, reason: str = "withdrawn") -> Deed:  # noqa: A002
    """The permission ends now: the next request is decided without it. Raises `PermissionUnknown` where there is none
    that has not ended."""
    known = archive.catalogue.entitling.permission(id)
    if known is None or known.ended_at is not None:
        raise PermissionUnknown
    return note(archive, "permission-end", {"id": id, "edition": known.edition, "reason": reason}, outcome=reason)


def protect(archive: Archive, *, patient: Identifier | None = None, takeover: str = "") -> str:
    """The patient, or the provider whose takeover it is, is under special protection (R463-10.2); the flag's id."""
    flag = str(new_id())
    note(archive, "protection", {"id": flag, "patient": identifier_body(patient), "takeover": takeover})
    return flag


def unprotect(archive: Archive, flag: str) -> Deed:
    return note(archive, "protection-end", {"id": flag})


def relate(archive: Archive, relation: Relation) -> str:
    """The relation is recorded (UPP art. 26); its id."""
    known = str(new_id())
    note(archive, "relation", {"id": known, **relation_body(relation)}, outcome=relation.kind.value)
    return known


def unrelate(archive: Archive, id: str) -> Deed:  # noqa: A002
    """The relation ends now."""
    now = moment(archive.clock())
    return note(archive, "relation-end", {"id": id, "until": now}, at=now)


def note_death(archive: Archive, patient: Identifier, after: AfterDeath) -> Deed:
    """What is known of the patient's death, objections and court decisions is this (UPP art. 26(2)-(2b))."""
    return note(archive, "after-death", {"patient": identifier_body(patient), **after_death_body(after)})


def give_custody(archive: Archive, takeover: str, custodian: Identifier, *, name: str) -> Custody:
    """`custodian` has the takeover in custody from now on; whoever had it until now has it no more (R463-6.2)."""
    given = Custody(custodian, archive.clock())
    body = {"takeover": takeover, "name": name, **custody_body(given)}
    note(archive, "custody", body, outcome="given", at=moment(given.since))
    return given


def authorise(archive: Archive, given: Authorisation) -> Authorisation:
    """The authorisation is recorded (UPP art. 24(2)). Raises `SecondPersonNeeded` if somebody gives it to himself."""
    if given.given_by == given.person:
        raise SecondPersonNeeded
    known = replace(given, id=given.id or str(new_id()))
    note(archive, "authorisation", authorisation_body(known))
    return known


def approve(archive: Archive, given: Approval) -> Approval:
    """A second person lets the requester open what is protected (R463-10.2). Raises `SecondPersonNeeded`."""
    if given.approver == given.requester:
        raise SecondPersonNeeded
    known = replace(given, id=given.id or str(new_id()))
    note(archive, "approval", approval_body(known))
    return known


def end_leave(archive: Archive, id: str) -> Deed:  # noqa: A002
    """The authorisation or approval ends now."""
    return note(archive, "leave-end", {"id": id})


def review(archive: Archive, account: int, *, by: str, finding: str) -> Deed:
    """The account has been looked at by `by`; `finding`: justified or unjustified."""
    return note(archive, "review", {"account": account, "by": by}, outcome=finding)
