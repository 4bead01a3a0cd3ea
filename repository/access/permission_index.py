"""Permissions that are found by what they are about, so that a decision looks at a few of ten thousand."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Self, TypeAlias

from repository.access.permission import GranteeKind, Permission, PermissionKind
from repository.access.principal import Principal
from repository.access.subject import Subject
from repository.domain.describing import Identifier

About: TypeAlias = "Identifier | str"  # a patient, or (where a permission names none) a takeover
Whom: TypeAlias = "Identifier | GranteeKind | None"
Key: TypeAlias = "tuple[PermissionKind, About, Whom]"

_EMPTY: tuple[Permission, ...] = ()


class PermissionIndex(tuple[Permission, ...]):
    """A tuple of permissions, equal to any tuple of the same ones, that was sorted into an index when it was made.

    Consents and grants are found by patient (or takeover) and grantee. Objections are found by patient alone, since
    they are read widely; one patient has few.
    """

    _found: dict[Key, tuple[Permission, ...]]

    def __new__(cls, permissions: Iterable[Permission] = ()) -> Self:
        made = super().__new__(cls, permissions)
        found: dict[Key, list[Permission]] = defaultdict(list)
        for each in made:
            about = each.takeover if each.patient is None else each.patient
            found[each.kind, about, _whom(each)].append(each)
        made._found = {key: tuple(values) for key, values in found.items()}
        return made

    def concerning(self, kind: PermissionKind, subject: Subject, *, principal: Principal) -> Iterator[Permission]:
        """All of `kind` that can concern the subject and the principal, and possibly some that do not."""
        wanted = (None,) if kind is PermissionKind.OBJECTION else _wanted(principal)
        for about in (*dict.fromkeys(subject.patient_identifiers), subject.takeover):
            for whom in wanted:
                yield from self._found.get((kind, about, whom), _EMPTY)


def _whom(permission: Permission) -> Whom:
    grantee = permission.grantee
    if permission.kind is PermissionKind.OBJECTION:
        return None
    return GranteeKind.ANYBODY if grantee.kind is GranteeKind.ANYBODY else grantee.identifier


def _wanted(principal: Principal) -> Iterable[Whom]:
    organisation = principal.organisation.identifier if principal.organisation else None
    known = (principal.identifier, organisation, Identifier("", principal.id))
    return dict.fromkeys((GranteeKind.ANYBODY, *(each for each in known if each is not None)))
