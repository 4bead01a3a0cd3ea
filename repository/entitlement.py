"""Writing down who may read what: each function is one deed, in force from the next request on (R463-10.1.4, 10.1.5).

Nothing is ever changed in place: a changed consent is its next edition, and an end has an instant. What follows has an
instant that is not before what it follows, whatever the clocks of two machines say. `by` is who did it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from repository.access.bodies import (
    after_death_body,
    approval_body,
    authorisation_body,
    custody_body,
    identifier_body,
    lifting_body,
    permission_body,
    relation_body,
)
from repository.access.errors import (
    AuthorisationUnfit,
    NothingToEnd,
    PermissionUnknown,
    RelationUnfit,
    SecondPersonNeeded,
)
from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Lifting, Relation
from repository.access.identity import names
from repository.access.permission import Permission, PermissionKind
from repository.access.principal import Principal
from repository.catalogue.errors import CatalogueConflict
from repository.clock import instant
from repository.consents.errors import ApprovalOfNothing, IdentifierUnfit, PermissionOfNothing
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.journal import note, note_all, publish
from repository.runtime import Archive
from storage.ids import new_id

_NEXT = timedelta(microseconds=1)
Body = dict[str, Any]


def by_body(by: Principal | None) -> Body:
    """Who did it, as deeds have it: id and name of that moment; empty where nobody was said."""
    if by is None:
        return {}
    name = f"{by.given_name} {by.surname}".strip() or (by.organisation.name if by.organisation else "")
    return {"by": {"id": by.id, "name": name.encode("utf-8", "backslashreplace").decode()}}


def give(
    archive: Archive, permission: Permission, *, by: Principal | None = None, edition: int | None = None
) -> Permission:
    """The permission is recorded as of now: as a new one, or, where its id is known, as the next edition, which ends
    the one before at the same instant. Raises `PermissionOfNothing` where it could never be in force, and
    `CatalogueConflict` where somebody else changes it at the same time, or `edition` is said and is not the last."""
    known = archive.catalogue.entitling.permission(permission.id) if permission.id else None
    _refuse_overtaken(known, edition)
    now = _not_before(archive, known.recorded_at if known else None, known.ended_at if known else None)
    given = replace(
        permission,
        id=permission.id or str(new_id()),
        edition=known.edition + 1 if known else 1,
        recorded_at=now,
        ended_at=None,
        end_reason="",
    )
    refuse_nothing(given)
    body = {**permission_body(given), **by_body(by)}
    note(archive, "permission", body, outcome=given.kind.value, at=instant(now))
    if known or given.kind is PermissionKind.OBJECTION:  # see `_kept`: the edition before may have permitted more
        publish(archive)
    return given


def give_all(archive: Archive, permissions: Sequence[Permission], *, by: Principal | None = None) -> list[Permission]:
    """All of `permissions`, which are new ones, are recorded as of now, those that say so as ended; or none is."""
    now, deeds, given = archive.clock(), list[tuple[str, Body, str]](), list[Permission]()
    for each in permissions:
        made = replace(each, id=str(new_id()), edition=1, recorded_at=now, ended_at=None, end_reason="")
        refuse_nothing(made)
        deeds.append(("permission", {**permission_body(made), **by_body(by)}, made.kind.value))
        if each.ended_at is not None:
            made = replace(made, ended_at=now, end_reason=each.end_reason or "withdrawn")
            end = {"id": made.id, "edition": made.edition, "reason": made.end_reason, **by_body(by)}
            deeds.append(("permission-end", end, made.end_reason))
        given.append(made)
    note_all(archive, deeds, at=instant(now))
    if any(each.kind is PermissionKind.OBJECTION for each in given):
        publish(archive)
    return given


def refuse_nothing(permission: Permission) -> None:
    """Raises `PermissionOfNothing` for one that says nothing that could be decided by."""
    if permission.valid_to is not None and permission.valid_to <= permission.valid_from:
        raise PermissionOfNothing(reason="it ends before it begins")
    if permission.kind is not PermissionKind.OBJECTION and not permission.purposes:
        raise PermissionOfNothing(reason="it names no purpose")
    if permission.patient is None and not (permission.kind is PermissionKind.GRANT and permission.takeover):
        raise PermissionOfNothing(reason="it names neither a patient nor, as a grant, a takeover")
    if permission.patient is not None and not (permission.takeover or names(permission.patient)):
        raise PermissionOfNothing(reason="the patient's identifier has no issuer, and no takeover is named")


def withdraw(
    archive: Archive,
    id: str,  # noqa: A002
    *,
    reason: str = "withdrawn",
    by: Principal | None = None,
    edition: int | None = None,
) -> Deed:
    """The permission ends now: the next request is decided without it. Raises `PermissionUnknown` where there is none
    that has not ended, and `CatalogueConflict` where `edition` is said and is not the last one any more."""
    known = archive.catalogue.entitling.permission(id)
    if known is None or known.ended_at is not None:
        raise PermissionUnknown
    _refuse_overtaken(known, edition)
    at = instant(_not_before(archive, known.recorded_at))
    body = {"id": id, "edition": known.edition, "reason": reason, **by_body(by)}
    return _kept(archive, note(archive, "permission-end", body, outcome=reason, at=at))


def _refuse_overtaken(known: Permission | None, edition: int | None) -> None:
    if known is not None and edition is not None and known.edition != edition:
        raise CatalogueConflict(reason="another edition")


def protect(
    archive: Archive, *patients: Identifier, takeover: str = "", by: Principal | None = None
) -> tuple[str, ...]:
    """The patients (a person and the family), or without any the provider whose takeover it is, are under special
    protection (R463-10.2); the id of each flag. All in one transaction.

    With `takeover` a patient is protected in that takeover alone. Raises `IdentifierUnfit` where an identifier names
    nobody in particular.
    """
    if not patients and not takeover:
        raise IdentifierUnfit
    for each in patients:
        _refuse_unfit(each, here=bool(takeover))
    flags = [(str(new_id()), each) for each in patients or (None,)]
    bodies = [{"id": id, "patient": identifier_body(each), "takeover": takeover, **by_body(by)} for id, each in flags]  # noqa: A001
    note_all(archive, [("protection", body, "done") for body in bodies])
    publish(archive)
    return tuple(flag for flag, _ in flags)


def ask_lifting(archive: Archive, asked: Lifting, *, by: Principal | None = None) -> Lifting:
    """It is on record that somebody wants the flag lifted; the protection lasts."""
    known = replace(asked, id=asked.id or str(new_id()))
    note(archive, "lifting", {**lifting_body(known), **by_body(by)})
    return known


def unprotect(archive: Archive, flag: str, *, by: Principal | None = None, asked: Lifting | None = None) -> Deed:
    """The flag is lifted, as was `asked` by another person. Raises `CatalogueConflict` where there is none that lasts,
    and `SecondPersonNeeded` where it was asked for this flag by nobody but `by`."""
    if by is not None and (asked is None or asked.flag != flag or asked.asked_by.strip() in {"", by.id.strip()}):
        raise SecondPersonNeeded
    with_whom = {"lifting": asked.id, "asked_by": asked.asked_by} if asked is not None else {}
    return note(archive, "protection-end", {"id": flag, **with_whom, **by_body(by)})


def relate(archive: Archive, relation: Relation, *, evidence: str = "", by: Principal | None = None) -> str:
    """The relation is recorded (UPP art. 26), with where it can be seen; its id. Raises `IdentifierUnfit`, and
    `RelationUnfit` where it would never last or is somebody's to himself."""
    _refuse_unfit(relation.person)
    _refuse_unfit(relation.patient)
    if relation.person == relation.patient or (relation.until is not None and relation.until <= relation.since):
        raise RelationUnfit
    known = str(new_id())
    seen = {"evidence": evidence} if evidence else {}
    body = {"id": known, **relation_body(relation), **seen, **by_body(by)}
    note(archive, "relation", body, outcome=relation.kind.value)
    return known


def unrelate(archive: Archive, id: str, *, by: Principal | None = None) -> Deed:  # noqa: A002
    """The relation ends now, also one that would have ended later. Raises `NothingToEnd` where none of that id lasts,
    and `CatalogueConflict` where somebody else ends it at the same time."""
    known, now = archive.catalogue.entitling.relation(id), archive.clock()
    if known is None or (known.relation.until is not None and known.relation.until <= now):
        raise NothingToEnd
    at = instant(now)
    return _kept(archive, note(archive, "relation-end", {"id": id, "until": at, **by_body(by)}, at=at))


def note_death(archive: Archive, patient: Identifier, after: AfterDeath, *, by: Principal | None = None) -> Deed:
    """What is known of the patient's death, objections and court decisions is this (UPP art. 26(2)-(2b)). Raises
    `IdentifierUnfit`."""
    _refuse_unfit(patient)
    body = {"patient": identifier_body(patient), **after_death_body(after), **by_body(by)}
    return _kept(archive, note(archive, "after-death", body))


def give_custody(
    archive: Archive, takeover: str, custodian: Identifier, *, name: str, by: Principal | None = None
) -> Custody:
    """`custodian` has the takeover in custody from now on; whoever had it until now has it no more (R463-6.2)."""
    history = archive.catalogue.entitling.custody_of(takeover)
    since = max(archive.clock(), history[-1].since + _NEXT) if history else archive.clock()
    given = Custody(custodian, since)
    note(archive, "custody", custody_deed(takeover, given, name=name, by=by), outcome="given", at=instant(since))
    if history:  # see `_kept`: somebody has lost it
        publish(archive)
    return given


def custody_deed(takeover: str, given: Custody, *, name: str, by: Principal | None) -> Body:
    return {"takeover": takeover, "name": name, **custody_body(given), **by_body(by)}


def authorise(archive: Archive, given: Authorisation, *, by: Principal | None = None) -> Authorisation:
    """The authorisation is recorded (UPP art. 24(2)). Raises `SecondPersonNeeded` if somebody gives it to himself, and
    `AuthorisationUnfit` where it says no reason in words or no time."""
    if given.given_by.strip() == given.person.strip():
        raise SecondPersonNeeded
    if given.until <= given.since or not any(map(str.isalnum, given.reason)):
        raise AuthorisationUnfit
    known = replace(given, id=given.id or str(new_id()))
    note(archive, "authorisation", {**authorisation_body(known), **by_body(by)})
    return known


def approve(archive: Archive, given: Approval, *, by: Principal | None = None) -> Approval:
    """A second person lets the requester open one protected record, for the period (R463-10.2).

    Raises `SecondPersonNeeded`, and `ApprovalOfNothing` where it names no record or no time.
    """
    if given.approver.strip() in {"", given.requester.strip()}:
        raise SecondPersonNeeded
    named = names(given.identifier) if given.identifier is not None else bool(given.takeover)
    if not named or given.until <= given.since:
        raise ApprovalOfNothing
    known = replace(given, id=given.id or str(new_id()))
    note(archive, "approval", {**approval_body(known), **by_body(by)})
    return known


def end_leave(archive: Archive, id: str, *, by: Principal | None = None) -> Deed:  # noqa: A002
    """The authorisation or approval ends now."""
    return _kept(archive, note(archive, "leave-end", {"id": id, **by_body(by)}))


def review(archive: Archive, account: int, *, by: str, finding: str) -> Deed:
    """The account has been looked at by `by`; `finding`: justified or unjustified."""
    return note(archive, "review", {"account": account, "by": by}, outcome=finding)


def _kept(archive: Archive, deed: Deed) -> Deed:
    """The deed, in the store and under a checkpoint: what takes a right away must outlive the catalogue at once, or a
    rebuilt one would give it back."""
    publish(archive)
    return deed


def _refuse_unfit(identifier: Identifier, *, here: bool = False) -> None:
    """Only in one takeover (`here`) does a number without its issuer say who is meant."""
    if not (bool(identifier.extension.strip()) if here else names(identifier)):
        raise IdentifierUnfit


def _not_before(archive: Archive, *moments: datetime | None) -> datetime:
    return max([archive.clock(), *(each for each in moments if each is not None)])
