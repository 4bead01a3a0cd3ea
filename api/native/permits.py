"""Consents, objections and grants as JSON at this door: what is sent, understood as every door understands it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.native.wording import Code, Day, Line, Moment, Number, NumberGiven, Person, Strict, TakeoverName
from repository.access.bodies import permission_body
from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.clock import instant
from repository.consents.errors import OptionUnreadable
from repository.consents.grammar import grantor_of_words, scope_of_limits
from repository.consents.terms import Terms
from repository.domain.describing import Identifier

_MOST = 100  # limits of one kind
Uid = Annotated[str, Field(max_length=64, pattern=r"^[0-9]+(\.[0-9]+)+$")]


class ScopeSaid(Strict):
    """Limits, all of which hold; several of one kind are alternatives. Without any: the whole documentation."""

    documents: Annotated[tuple[Number, ...], Field(max_length=_MOST)] = ()
    classes: Annotated[tuple[Code, ...], Field(max_length=_MOST)] = ()
    events: Annotated[tuple[Number, ...], Field(max_length=_MOST)] = ()
    studies: Annotated[tuple[Uid, ...], Field(max_length=_MOST)] = ()
    specialties: Annotated[tuple[Code, ...], Field(max_length=_MOST)] = ()
    first_day: Day = ""
    last_day: Day = ""

    def scope(self) -> Scope:
        """Raises `OptionUnreadable`."""
        limits: dict[str, list[str]] = {
            "DOCUMENT": [f"{each.root}^{each.extension}" for each in self.documents],
            "CLASS": [each.strip() for each in self.classes],
            "EVENT": [f"{each.root}^{each.extension}" for each in self.events],
            "STUDY": list(self.studies),
            "SPECIALTY": [each.strip() for each in self.specialties],
            "FROM": [self.first_day] if self.first_day else [],
            "TO": [self.last_day] if self.last_day else [],
        }
        if not all(map(bool, (*limits["CLASS"], *limits["SPECIALTY"]))):
            raise OptionUnreadable(option="scope")
        try:
            return scope_of_limits({name: values for name, values in limits.items() if values})
        except ValueError:
            raise OptionUnreadable(option="scope") from None


class GranteeSaid(Strict):
    """To whom. `organisation` and `person` by `identifier`, a `system` by its id in `identifier.extension`."""

    kind: GranteeKind
    identifier: Person | None = None
    system: Code | None = None
    name: Line = ""

    def grantee(self, *, said: str = "grantee") -> Grantee:
        """Raises `OptionUnreadable` for what names nobody; `said`: the member that it stands in."""
        by_number = self.kind in (GranteeKind.PERSON, GranteeKind.ORGANISATION)
        by_name = self.kind is GranteeKind.SYSTEM
        if by_number is (self.identifier is None) or by_name is (self.system is None):
            raise OptionUnreadable(option=said)
        if self.system is not None:
            if not self.system.strip():
                raise OptionUnreadable(option=f"{said}.system")
            return Grantee(self.kind, Identifier("", self.system.strip()), self.name)
        return Grantee(self.kind, self.identifier.identifier if self.identifier else None, self.name)


class GrantorSaid(Strict):
    """Who said so: the patient, unless told."""

    capacity: Literal["patient", "representative", "court"] = "patient"
    name: Line = ""
    identifier: Person | None = None

    def grantor(self, kind: PermissionKind, patient: Identifier) -> Grantor:
        known = self.identifier.identifier if self.identifier else None
        words = f"{self.capacity}:{known.root}^{known.extension}" if known else self.capacity
        try:
            return grantor_of_words(words, kind, patient=patient, name=self.name)
        except ValueError:
            raise OptionUnreadable(option="grantor") from None


class Change(Strict):
    """What is said anew replaces what was, limits as a whole; what is left out stays."""

    scope: ScopeSaid | None = None
    purposes: list[Purpose] | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None

    def terms(self, kind: PermissionKind) -> Terms:
        return Terms(
            kind,
            self.scope.scope() if self.scope is not None else None,
            frozenset(self.purposes) if self.purposes is not None else None,
            self.valid_from,
            self.valid_to,
        )


class ConsentOrder(Change):
    """What a patient has said. An objection without purposes is to all of them."""

    kind: Literal[PermissionKind.CONSENT, PermissionKind.OBJECTION] = PermissionKind.CONSENT
    patient: Person
    grantee: GranteeSaid
    grantor: GrantorSaid = GrantorSaid()
    takeover: TakeoverName = ""
    evidence: Line = ""

    def permission(self, *, takeover: str, now: datetime) -> Permission:
        """Raises `OptionUnreadable`, `PermissionOfNothing`."""
        terms = self.terms(self.kind)
        if self.kind is PermissionKind.OBJECTION and terms.purposes is None:
            terms = Terms(self.kind, terms.scope, frozenset(), terms.valid_from, terms.valid_to)
        whose = self.patient.identifier
        return terms.made(
            self.grantee.grantee(), self.grantor.grantor(self.kind, whose), takeover=takeover, patient=whose,
            evidence=self.evidence, now=now,
        )  # fmt: skip


class GrantOrder(Change):
    """What the custodian lets somebody read, of a takeover or of one patient's part of it."""

    takeover: Annotated[str, Field(pattern="^[0-9a-f-]{1,36}$", description="Its id, or the beginning of it.")]
    grantee: GranteeSaid
    patient: Person | None = None
    evidence: Line = ""

    def permission(self, grantor: Grantor, *, takeover: str, now: datetime) -> Permission:
        """Raises `OptionUnreadable`, `PermissionOfNothing`."""
        whose = self.patient.identifier if self.patient else None
        return self.terms(PermissionKind.GRANT).made(
            self.grantee.grantee(), grantor, takeover=takeover, patient=whose, evidence=self.evidence, now=now
        )


class Wanted(Strict):
    """Whose, or of which takeover. `at`: as the archive knew it at that instant, one edition of each; else every
    edition, ended ones too."""

    patient: Person | None = None
    takeover: TakeoverName = ""
    at: Moment | None = None


class GranteeGiven(BaseModel):
    kind: str
    identifier: NumberGiven | None
    name: str


class GrantorGiven(BaseModel):
    capacity: str
    name: str
    identifier: NumberGiven | None


class ScopeGiven(BaseModel):
    documents: list[NumberGiven]
    classes: list[str]
    events: list[NumberGiven]
    studies: list[str]
    specialties: list[str]
    first_day: str
    last_day: str


class Given(BaseModel):
    """One edition. `ended_at` with `end_reason`: withdrawn, revoked or replaced then. Moments are UTC."""

    id: str
    edition: int
    kind: PermissionKind
    takeover: str
    patient: NumberGiven | None
    grantor: GrantorGiven
    grantee: GranteeGiven
    scope: ScopeGiven
    purposes: list[str]
    valid_from: str
    valid_to: str | None
    evidence: str
    recorded_at: str
    ended_at: str | None
    end_reason: str
    in_force: bool


class GivenList(BaseModel):
    permissions: list[Given]


class EndGiven(BaseModel):
    id: str
    ended_at: str
    end_reason: str


class FhirBody(BaseModel):
    """A FHIR R4 Consent (IHE PCF), or a Bundle of them: taken whole, or not at all."""

    model_config = ConfigDict(extra="allow")
    resourceType: Literal["Consent", "Bundle"]  # noqa: N815  FHIR's own name


def as_given(permission: Permission, *, at: datetime) -> dict[str, Any]:
    """The edition; `in_force` as of `at`."""
    ended = instant(permission.ended_at) if permission.ended_at else None
    body = permission_body(permission) | {"ended_at": ended, "end_reason": permission.end_reason}
    for name in ("first_day", "last_day"):
        day = body["scope"][name]
        body["scope"][name] = f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else day
    return body | {"in_force": permission.in_force(at)}


def tag_of(permission: Permission) -> str:
    """The ETag of a permission as it stands: its edition, and whether it has ended."""
    return f'"{permission.edition}-ended"' if permission.ended_at else f'"{permission.edition}"'
