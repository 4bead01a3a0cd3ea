"""Keeping accounts: who has one, and taking one away for good."""

from typing import Any

from repository.access.principal import Principal, PrincipalKind
from repository.catalogue.people_rows import Person
from repository.people.errors import NotAllowed, PersonUnknown
from repository.people.inviting import place_of, secrets_of
from repository.people.noting import REVOKED, Note, noted, unnoted
from repository.people.sessions import note_ended
from repository.runtime import Archive
from storage.keys.small_secrets import epoch_of


def require_kind(who: Principal, *kinds: PrincipalKind) -> Principal:
    """Raises `NotAllowed` for anybody of another kind."""
    if who.kind not in kinds:
        raise NotAllowed
    return who


def told(one: Person) -> dict[str, Any]:
    """The account for a program, without its secrets."""
    return {
        "account": one.account,
        "name": one.name,
        "kind": one.kind.value,
        "state": one.state.value,
        "given_name": one.given_name,
        "surname": one.surname,
        "role": one.role,
        "organisation": one.organisation.name if one.organisation else "",
        "codes": one.totp is not None,
        "invited_at": one.invited_at,
        "invited_by": one.invited_by,
        "invitation_until": one.invitation_until,
        "accepted_at": one.accepted_at,
        "locked_until": one.locked_until,
        "revoked_at": one.revoked_at,
        "revoked_by": one.revoked_by,
    }


def people(archive: Archive) -> list[Person]:
    """All accounts, in the order of their invitations, each in the state it has now."""
    return archive.catalogue.people.people(at=archive.clock())


def account_named(archive: Archive, name: str) -> Person:
    """The account of this name or account id, in whatever state. What is kept for long, as are rights, is kept for its
    `account`: a name can come back with somebody else once the accounts are lost. Raises `PersonUnknown`."""
    found = archive.catalogue.people.person(name)
    if found is None:
        raise PersonUnknown
    return found


def revoke(archive: Archive, name: str, *, by: str, note: Note = unnoted) -> Person:
    """The account of this name or account id is revoked, its invitation void, all its sessions over. For good.

    Doing it again changes nothing and is noted again: the note of a first time that was cut off is not lost.
    Raises `PersonUnknown`.
    """
    found = archive.catalogue.people.revoke(name, by=by, at=archive.clock())
    if found is None:
        raise PersonUnknown
    whose, ended = found
    noted(note, REVOKED, whose, by=by)
    note_ended(note, ended, whose, by=by)
    return whose


def reseal(archive: Archive) -> int:
    """Every TOTP secret lies under the active root key; how many had to be moved. Part of rotating the keys.

    May stop anywhere and be run again. One whose root key is gone is left as it is: it opens nothing.
    """
    secrets, moved, held = secrets_of(archive), 0, archive.ring.epochs
    for account, sealed in archive.catalogue.people.sealed_secrets():
        epoch, place = epoch_of(sealed), place_of(account)
        if epoch != archive.ring.active_epoch and epoch in held:
            after = secrets.seal(secrets.open(sealed, place=place), place=place)
            moved += archive.catalogue.people.reseal(account, before=sealed, after=after)
    return moved
