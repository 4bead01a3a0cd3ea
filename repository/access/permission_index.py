"""Permissions that are found by what they are about, so that a decision looks at a few of ten thousand."""

from collections.abc import Iterable, Iterator
from typing import Self, TypeAlias

from repository.access.permission import GranteeKind, Permission, PermissionKind
from repository.access.principal import Principal
from repository.access.subject import Subject
from repository.domain.describing import Identifier

About: TypeAlias = "Identifier | str"  # a patient, or (where a permission names none) a takeover
Whom: TypeAlias = "Identifier | GranteeKind | None"


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

    def concerning(self, kind: PermissionKind, subject: Subject, *, principal: Principal) -> Iterator[Permission]:
        """All of `kind` that can concern the subject and the principal, and possibly some that do not."""
        found = self._found[kind]
        for about in subject.patient_identifiers:
            if about in found:
                yield from _of(found[about], kind, principal)
        if subject.takeover in found:
            yield from _of(found[subject.takeover], kind, principal)


def _of(found: dict[Whom, list[Permission]], kind: PermissionKind, principal: Principal) -> Iterator[Permission]:
    for whom in (None,) if kind is PermissionKind.OBJECTION else _wanted(principal):
        yield from found.get(whom, ())


def _whom(permission: Permission) -> Whom:
    grantee = permission.grantee
    if permission.kind is PermissionKind.OBJECTION:
        return None
    return GranteeKind.ANYBODY if grantee.kind is GranteeKind.ANYBODY else grantee.identifier


def _wanted(principal: Principal) -> Iterable[Whom]:
    organisation = principal.organisation.identifier if principal.organisation else None
    known = (principal.identifier, organisation, Identifier("", principal.id))
    return dict.fromkeys((GranteeKind.ANYBODY, *(each for each in known if each is not None)))
