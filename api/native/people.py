"""Local accounts: who may sign in. Administrators invite and revoke; everybody sees to a password and sessions of his
own. Codes and secrets are told once, and are kept by nobody between, but sealed for a day where a key was sent.
"""

from typing import Annotated, Any

from fastapi import Body, Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StrictBool

from api.callers.scopes import requires
from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.declared import STRICT, problems
from api.native.once import ForOnce, Key, by_deed, once_by
from api.native.stewards import ForParty
from api.native.wording import Code, Line, Person, Strict
from api.routes import Routes
from repository.access.principal import Organisation, PrincipalKind
from repository.catalogue.people_rows import PersonState, SessionRow
from repository.clock import instant
from repository.people.inviting import accept, invite
from repository.people.keeping import account_named, people, require_kind, revoke, told
from repository.people.noting import KIND, into_journal
from repository.people.sessions import end_own, own_sessions
from repository.people.signing_in import change_password

ADMINISTRATOR, AUDITOR = PrincipalKind.ADMINISTRATOR, PrincipalKind.AUDITOR
Account = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Its id.")]
SessionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Its id, which is no secret.")]
Secret = Annotated[str, Field(max_length=4096)]
Name = Annotated[str, Field(max_length=200)]
Totp = Annotated[str, Field(max_length=16)]


class House(Strict):
    identifier: Person
    name: Code
    role: Code = "provider"


def _signs_in(kind: PrincipalKind) -> PrincipalKind:
    if kind is PrincipalKind.ARCHIVE:
        raise ValueError("the archive itself does not sign in")
    return kind


class Inviting(Strict):
    """`name`: to sign in with; else they choose. Names of a person are needed where it is a person's account."""

    kind: Annotated[PrincipalKind, AfterValidator(_signs_in)]
    given_name: Line = ""
    surname: Line = ""
    role: Line = ""
    npwz: Annotated[Line, Field(max_length=20)] = ""
    identifier: Person | None = None
    organisation: House | None = None
    name: Name = ""


class InvitationGiven(BaseModel):
    """`code` is told once (and again for the same Idempotency-Key)."""

    account: str
    code: str
    until: str


class Accepting(Strict):
    """`totp` false: no codes, where that is allowed."""

    code: Annotated[str, Field(max_length=200)]
    name: Name
    password: Secret
    given_name: Line = ""
    surname: Line = ""
    totp: StrictBool = True


class Enrolled(BaseModel):
    """`otpauth` holds the secret of the second factor, told once."""

    account: str
    name: str
    otpauth: str


class PersonGiven(BaseModel):
    account: str
    name: str
    kind: PrincipalKind
    state: PersonState
    given_name: str
    surname: str
    role: str
    organisation: str
    codes: bool
    invited_at: str
    invited_by: str
    invitation_until: str
    accepted_at: str
    locked_until: str
    revoked_at: str
    revoked_by: str


class PeopleGiven(BaseModel):
    people: list[PersonGiven]


class Changing(Strict):
    name: Name
    password: Secret
    new: Secret
    totp: Totp = ""


class OwnSession(BaseModel):
    id: str
    opened_at: str
    until: str
    touched_at: str
    current: bool


class OwnSessions(BaseModel):
    sessions: list[OwnSession]


def router() -> Routes:
    found = Routes(tags=["people"], dependencies=[STRICT])
    add, admins = found.add_api_route, [Depends(requires("admin"))]
    add("/people", invited, methods=["POST"], status_code=201, response_model=InvitationGiven,
        responses=problems(409, 413, 422), dependencies=admins)  # fmt: skip
    add("/people", listed, methods=["GET"], response_model=PeopleGiven, responses=problems(), dependencies=admins)
    add("/people/{account}/revocation", revoked, methods=["POST"], response_model=PersonGiven,
        responses=problems(404, 409, 422), dependencies=admins)  # fmt: skip
    add("/people/acceptance", accepted, methods=["POST"], response_model=Enrolled, responses=problems(409, 413, 422))
    add("/people/password", password, methods=["POST"], status_code=204, response_class=Response,
        responses=problems(413, 422))  # fmt: skip
    add("/me/sessions", sessions, methods=["GET"], response_model=OwnSessions, responses=problems())
    add("/me/sessions/{session}", end_session, methods=["DELETE"], status_code=204, response_class=Response,
        responses=problems(404))  # fmt: skip
    return found


def invited(archive: ForArchive, who: ForParty, once: ForOnce, *, said: Annotated[Inviting, Body()]) -> Response:
    """An account waits for its owner, who takes it over with the code."""

    def made() -> Response:
        by, house = require_kind(who, ADMINISTRATOR), said.organisation
        found = invite(
            archive, kind=said.kind, given_name=said.given_name, surname=said.surname, role=said.role, npwz=said.npwz,
            by=by.id, name=said.name, identifier=said.identifier.identifier if said.identifier else None,
            organisation=Organisation(house.identifier.identifier, house.name, house.role) if house else None,
            note=into_journal(archive),
        )  # fmt: skip
        return json_answer({"account": found.account, "code": found.code, "until": instant(found.until)}, status=201)

    return once(made, said, secret=True)


def accepted(request: Request, archive: ForArchive, *, said: Annotated[Accepting, Body()], key: Key = None) -> Response:
    """The account that waited for the code is yours, under that name and password; nobody needs to be signed in."""

    def made() -> Response:
        done = accept(
            archive, said.code, name=said.name, password=said.password, given_name=said.given_name,
            surname=said.surname, totp=said.totp, note=into_journal(archive),
        )  # fmt: skip
        return json_answer({"account": done.account, "name": done.name, "otpauth": done.otpauth})

    return once_by(request, key, caller=f"invitation#{said.code}")(made, said, secret=True)


def listed(archive: ForArchive, who: ForParty) -> Response:
    """All accounts, in the order of their invitations."""
    require_kind(who, ADMINISTRATOR, AUDITOR)
    return json_answer({"people": [told(one) for one in people(archive)]})


def revoked(archive: ForArchive, who: ForParty, once: ForOnce, *, account: Account) -> Response:
    """The account is taken away for good: its sessions end now, its invitation is void."""

    def made() -> Response:
        by = require_kind(who, ADMINISTRATOR)
        return json_answer(told(revoke(archive, account, by=by.id, note=into_journal(archive))))

    return once(made, again=by_deed(made, lambda _: json_answer(told(account_named(archive, account))), KIND))


def password(archive: ForArchive, said: Annotated[Changing, Body()]) -> Response:
    """The account has a new password, and all its sessions are over; or 401, whatever was wrong."""
    change_password(archive, said.name, said.password, new=said.new, totp=said.totp, note=into_journal(archive))
    return Response(status_code=204)


def sessions(archive: ForArchive, who: ForParty) -> Response:
    """Your own sessions that last."""
    proof = who.identification.evidence if who.identification else ""
    return json_answer({"sessions": [_row(each, proof) for each in own_sessions(archive, who.id)]})


def end_session(archive: ForArchive, who: ForParty, session: SessionId) -> Response:
    """That session of yours is over."""
    end_own(archive, who.id, session, note=into_journal(archive))
    return Response(status_code=204)


def _row(each: SessionRow, proof: str) -> dict[str, Any]:
    known = {name: getattr(each, name) for name in ("id", "opened_at", "until", "touched_at")}
    return known | {"current": proof == f"session:{each.id}"}
