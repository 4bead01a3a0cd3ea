"""What somebody says of a permission that is to be given or changed: whatever is left out is None."""

from dataclasses import dataclass, replace
from datetime import datetime

from repository.access.permission import Grantee, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.consents.errors import PermissionOfNothing
from repository.domain.describing import Identifier


@dataclass(frozen=True, slots=True)
class Terms:
    """What was said, understood; None where nothing was."""

    kind: PermissionKind
    scope: Scope | None = None
    purposes: frozenset[Purpose] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def made(
        self,
        grantee: Grantee,
        grantor: Grantor,
        *,
        takeover: str,
        patient: Identifier | None,
        evidence: str,
        now: datetime,
    ) -> Permission:
        """A new permission. Without limits it is about the whole documentation; it has to say for what, and raises
        `PermissionOfNothing` where it does not."""
        if self.purposes is None:
            raise PermissionOfNothing(reason="it names no purpose")
        return Permission(
            id="",
            kind=self.kind,
            takeover=takeover,
            patient=patient,
            grantor=grantor,
            grantee=grantee,
            scope=self.scope or Scope(),
            purposes=self.purposes,
            valid_from=self.valid_from or now,
            valid_to=self.valid_to,
            evidence=evidence,
            recorded_at=now,
        )

    def changed(self, known: Permission) -> Permission:
        """`known` with what was said anew, its limits as a whole."""
        return replace(
            known,
            scope=self.scope or known.scope,
            purposes=known.purposes if self.purposes is None else self.purposes,
            valid_from=self.valid_from or known.valid_from,
            valid_to=self.valid_to or known.valid_to,
        )
