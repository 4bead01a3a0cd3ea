"""Sessions: a token that stands for a principal until it lapses or is ended."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from repository.access.principal import PEOPLE, Assurance, Identification, Method, Principal, PrincipalKind
from repository.catalogue.people_rows import Person, PersonState, SessionRow
from repository.clock import instant
from repository.people.errors import PersonUnknown, SessionOver, SessionUnknown
from repository.people.noting import SESSION_ENDED, Note, noted, unnoted
from repository.runtime import Archive
from storage.ids import new_id

LASTS = timedelta(hours=12)
IDLE, IDLE_OF_ADMINISTRATORS = timedelta(hours=2), timedelta(minutes=30)
TOUCHED_EVERY = timedelta(minutes=1)
TOKEN_BYTES = 32  # 256 random bits
LONGEST_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Session:
    """`token` is given once and kept nowhere; `id` is public: it may stand in accounts and be shown."""

    id: str
    token: str = field(repr=False)
    account: str
    name: str
    until: datetime


def new_session(whose: Person, *, at: datetime) -> tuple[SessionRow, str]:
    """The row of a session of `whose` that begins at that moment, and its token."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    idle = IDLE_OF_ADMINISTRATORS if whose.kind is PrincipalKind.ADMINISTRATOR else IDLE
    assurance = Assurance.LOW if whose.totp is None else Assurance.SUBSTANTIAL
    row = SessionRow(
        id=new_id().hex, account=whose.account, token=_digest(token), assurance=assurance.value, opened_at=instant(at),
        until=instant(at + LASTS), idle_seconds=int(idle.total_seconds()), touched_at=instant(at),
    )  # fmt: skip
    return row, token


def who(archive: Archive, token: str) -> Principal:
    """The principal whose session this is, as the account is now. Raises `SessionOver`.

    Its id is that of the account, which is nobody else's for ever: rights are given to it, not to a name.
    """
    row, whose = _lasting(archive, token)
    return Principal(
        kind=whose.kind,
        id=whose.account,
        given_name=whose.given_name,
        surname=whose.surname or _shown_instead(whose),
        role=whose.role,
        npwz=whose.npwz,
        identifier=whose.identifier,
        organisation=whose.organisation,
        identification=Identification(
            Method.LOCAL_ACCOUNT,
            Assurance(row.assurance),
            f"session:{row.id}",
            moment_of(row.opened_at),
            moment_of(row.until),
        ),
    )


def _shown_instead(whose: Person) -> str:
    """What a system that has no names is shown by: what it signs in with."""
    return whose.name if whose.kind not in PEOPLE and not whose.given_name else ""


def sign_out(archive: Archive, token: str, *, note: Note = unnoted) -> str:
    """The session of this token is over; its id. Raises `SessionOver` if it was already."""
    row, whose = _lasting(archive, token)
    if not archive.catalogue.people.end_session(row.id, by=whose.account, at=archive.clock()):
        raise SessionOver
    noted(note, SESSION_ENDED, whose, by=whose.account, session=row.id)
    return row.id


def end_sessions(archive: Archive, name: str, *, by: str, note: Note = unnoted) -> int:
    """All sessions of the account (name or id) are over; how many lasted until now. Raises `PersonUnknown`."""
    whose = archive.catalogue.people.person(name)
    if whose is None:
        raise PersonUnknown
    ended = archive.catalogue.people.end_sessions(whose.account, by=by, at=archive.clock())
    note_ended(note, ended, whose, by=by)
    return len(ended)


def own_sessions(archive: Archive, account: str) -> list[SessionRow]:
    """Sessions of the account that last now, the oldest first."""
    now = archive.clock()
    return [each for each in archive.catalogue.people.sessions_of(account) if now < _lasts_until(each)]


def end_own(archive: Archive, account: str, id: str, *, note: Note = unnoted) -> None:  # noqa: A002
    """That session of the account is over. Raises `SessionUnknown` where none of that id lasts."""
    whose = archive.catalogue.people.person(account)
    known = {each.id for each in own_sessions(archive, account)}
    if whose is None or id not in known or not archive.catalogue.people.end_session(id, by=account, at=archive.clock()):
        raise SessionUnknown
    noted(note, SESSION_ENDED, whose, by=account, session=id)


def note_ended(note: Note, ended: list[str], whose: Person, *, by: str) -> None:
    for session in ended:
        noted(note, SESSION_ENDED, whose, by=by, session=session)


def _lasting(archive: Archive, token: str) -> tuple[SessionRow, Person]:
    now, desk = archive.clock(), archive.catalogue.people
    found = desk.session(_digest(token))
    if found is None:
        raise SessionOver
    row, whose = found
    if row.ended_at or whose.state is not PersonState.ACTIVE or now >= _lasts_until(row):
        raise SessionOver
    if now - moment_of(row.touched_at) >= TOUCHED_EVERY:
        desk.touch(row.id, at=now)
    return row, whose


def _lasts_until(row: SessionRow) -> datetime:
    idle = moment_of(row.touched_at) + timedelta(seconds=row.idle_seconds)
    return min(moment_of(row.until), idle)


def _digest(token: str) -> bytes:
    octets = token.encode("utf-8", "surrogatepass")
    return hashlib.sha256(octets if len(octets) <= LONGEST_TOKEN else b"").digest()


def moment_of(text: str) -> datetime:
    """The inverse of the catalogue's `stamp`."""
    return datetime.fromisoformat(text)  # 50 times faster than `strptime`, and each request reads four
