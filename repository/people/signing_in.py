"""Signing in: name, password and code in, a session out; or one refusal, whatever was wrong.

The same work is done for every try: one transaction that counts it, one Argon2id, one look at the code. Only what is
right in all parts goes on to a second transaction.
"""

from dataclasses import dataclass, field

from repository.catalogue.people_rows import Person
from repository.people import totp as codes
from repository.people.errors import SignInRefused
from repository.people.inviting import place_of, secrets_of
from repository.people.names import is_name
from repository.people.noting import PASSWORD_CHANGED, REFUSED, SIGNED_IN, Note, noted, unnoted
from repository.people.passphrases import checked_password, octets_of
from repository.people.sessions import Session, moment_of, new_session, note_ended
from repository.runtime import Archive
from storage.keys.passwords import hashed, outdated, unmatched, verifies

_NOBODY = "?"  # no account has this name
_MOST_TYPED = 4096  # characters that are looked at


@dataclass(frozen=True, slots=True)
class _Proof:
    """Who signed in, by which password and which step of TOTP."""

    person: Person
    password: bytes = field(repr=False)
    step: int | None
    locks: bool


def sign_in(archive: Archive, name: str, password: str, *, totp: str = "", note: Note = unnoted) -> Session:
    """A session of the account. Raises `SignInRefused`, be it the name, the password, the code, or a wait."""
    found = _proved(archive, name, password, totp=totp, note=note)
    rehashed = hashed(found.password) if outdated(found.person.password) else ""
    now = archive.clock()
    row, token = new_session(found.person, at=now)
    desk = archive.catalogue.people
    if not desk.open_session(row, proved=found.person, step=found.step, rehashed=rehashed):
        raise _refused(note, found.person, locks=found.locks)
    noted(note, SIGNED_IN, found.person, by=found.person.account, session=row.id)
    return Session(row.id, token, found.person.account, found.person.name, moment_of(row.until))


def change_password(
    archive: Archive, name: str, password: str, *, new: str, totp: str = "", note: Note = unnoted
) -> None:
    """The account has the password `new`, and all its sessions are over. A try like `sign_in`, refused like it.

    Raises `SignInRefused`; `PasswordRefused` for what cannot be a password.
    """
    checked_password(new, names=(name,))  # before a try is counted, and a code used, for nothing
    found = _proved(archive, name, password, totp=totp, note=note)
    whose = found.person
    octets = checked_password(new, names=(whose.name, whose.given_name, whose.surname))
    ended = archive.catalogue.people.set_password(whose, password=hashed(octets), step=found.step, at=archive.clock())
    if ended is None:
        raise _refused(note, whose, locks=found.locks)
    noted(note, PASSWORD_CHANGED, whose, by=whose.account)
    note_ended(note, ended, whose, by=whose.account)


def _proved(archive: Archive, name: str, password: str, *, totp: str, note: Note) -> _Proof:
    attempt = archive.catalogue.people.attempt(name if is_name(name) else _NOBODY, at=archive.clock())
    whose = attempt.person
    octets = octets_of(password[:_MOST_TYPED])
    right = verifies(whose.password if whose else unmatched(), octets or b"?")
    sealed = whose.totp if whose else None
    secret = secrets_of(archive).open(sealed, place=place_of(whose.account)) if whose and sealed else bytes(20)
    step = codes.step_of(secret, totp[:_MOST_TYPED], at=archive.clock())
    coded = sealed is None or step is not None
    if whose is None or not (attempt.open and right and octets and coded):
        raise _refused(note, whose, locks=attempt.locks)
    return _Proof(whose, octets, step if sealed else None, attempt.locks)


def _refused(note: Note, whose: Person | None, *, locks: bool) -> SignInRefused:
    """One deed, whether there is such an account or not: what is written does not tell either."""
    noted(note, REFUSED, whose, by=whose.account if whose else "", locked=whose is not None and locks)
    return SignInRefused()
