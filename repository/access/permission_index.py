"""Permissions that are found by what they are about, so that a decision looks at a few of ten thousand."""

from collections.abc import Iterable
from typing import Self, TypeAlias

from repository.access.permission import GranteeKind, Permission, PermissionKind
from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Subject
from repository.domain.describing import Identifier

About: TypeAlias = "Identifier | str"  # a patient, or (where a permission names none) a takeover
Whom: TypeAlias = "Identifier | GranteeKind | str | None"  # a system is known by its id


class PermissionIndex(tuple[Permission, ...]):  # noqa: SLOT001 -- a tuple of any length can have no slots of its own
    """A tuple of permissions, equal to any tuple of the same ones, that was sorted into an index when it was made.

    Consents and grants are found by patient (or takeover) and grantee. Objections are found by patient alone, since
    they are read widely; one patient has few.
    """

    _found: dict[PermissionKind, dict[About, dict[Whom, list[Permission]]]]

    def __new__(cls, permissions: Iterable[Permission] = ()) -> Self:
        made = super().__new__(cls, permissions)
        made._found = {kind: {} for kind in PermissionKind}
        for each in made:
            about: About = each.takeover if each.patient is None else each.patient
            made._found[each.kind].setdefault(about, {}).setdefault(_whom(each), []).append(each)
        return made

    def concerning(self, kind: PermissionKind, subject: Subject, *, principal: Principal) -> Iterable[Permission]:
        """All of `kind` that can concern the subject and the principal, and possibly some that do not."""
        found = self._found[kind]
        if not found:
            return ()
        about: tuple[About, ...] = (*subject.patient_identifiers, subject.takeover)
        lists = [by_whom for each in about if (by_whom := found.get(each))]
        if not lists:
            return ()
        wanted: tuple[Whom, ...] = (None,) if kind is PermissionKind.OBJECTION else _wanted(principal)
        return [each for by_whom in lists for whom in wanted for each in by_whom.get(whom, ())]


def _whom(permission: Permission) -> Whom:
    grantee = permission.grantee
    if permission.kind is PermissionKind.OBJECTION:
        return None
    if grantee.kind is GranteeKind.SYSTEM and grantee.identifier is not None:
        return grantee.identifier.extension
    return GranteeKind.ANYBODY if grantee.kind is GranteeKind.ANYBODY else grantee.identifier


def _wanted(principal: Principal) -> tuple[Whom, ...]:
    """Whoever a permission may name and mean it. None is for what names nobody, and means nobody."""
    organisation = principal.organisation
    return (
        GranteeKind.ANYBODY,
        *((principal.identifier,) if principal.identifier is not None else ()),
        *((organisation.identifier,) if organisation is not None else ()),
        *((principal.id,) if principal.kind is PrincipalKind.SYSTEM else ()),
    )
