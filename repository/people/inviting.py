"""Invitations: an account waits for its owner, who takes it over with a code that works once."""

import base64
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from repository.access.principal import PEOPLE, Organisation, PrincipalKind
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.people_rows import Person
from repository.clock import instant
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_OIDS, can_be_licence
from repository.people import totp as codes
from repository.people.errors import (
    AccountsExist,
    CodeNotConfirmed,
    InvitationRefused,
    LicenceRefused,
    NameRefused,
    NamesMissing,
    NameTaken,
    TotpRequired,
)
from repository.people.names import checked_name
from repository.people.noting import ACCEPTED, INVITED, Note, about, noted, unnoted
from repository.people.passphrases import checked_password
from repository.runtime import Archive
from storage.ids import new_id
from storage.keys.passwords import hashed
from storage.keys.small_secrets import SmallSecrets

LASTS = timedelta(days=7)
CODE_BYTES = 20  # 160 random bits
MUST_HAVE_TOTP = frozenset({PrincipalKind.ADMINISTRATOR, PrincipalKind.AUDITOR, PrincipalKind.SPECIAL_SERVICE})
OPERATOR = "operator"  # whoever runs the archive's machine and holds its key ring

Confirm = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Invitation:
    """`code` is shown once and kept nowhere; `account` is the id of the account that waits for it."""

    account: str
    code: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An account that can sign in. `otpauth` holds the TOTP secret, shown once; empty for an account without one."""

    account: str
    name: str
    otpauth: str = field(repr=False)


def invite(
    archive: Archive, *, kind: PrincipalKind, given_name: str, surname: str, by: str, role: str = "", npwz: str = "",
    identifier: Identifier | None = None, organisation: Organisation | None = None, name: str = "",
    lasts: timedelta = LASTS, note: Note = unnoted,
) -> Invitation:  # fmt: skip
    """An account of `kind` waits for the code that is given. With a `name`, it has to be accepted under that name.
    `by`: the account id of whoever invites, or `OPERATOR`.

    Raises `NamesMissing`, `LicenceRefused`, `NameRefused`, `NameTaken`; `ValueError` for the archive's own kind, which
    has no accounts.
    """
    if kind is PrincipalKind.ARCHIVE:
        raise ValueError("the archive itself does not sign in")
    if kind in PEOPLE and not (given_name.strip() and surname.strip()):
        raise NamesMissing
    licence = _licence(npwz, identifier)
    now = archive.clock()
    waiting = Person(
        account=new_id().hex, name=checked_name(name) if name else "", kind=kind, given_name=given_name.strip(),
        surname=surname.strip(), role=role, npwz=licence, identifier=identifier, organisation=organisation,
        invitation_until=instant(now + lasts), invited_at=instant(now), invited_by=by,
    )  # fmt: skip
    return _invited(archive, waiting, until=now + lasts, alone=False, note=note)


def _licence(npwz: str, identifier: Identifier | None) -> str:
    """The number without spaces around it; the register that it has to be of is that of the identifier, if one."""
    number = npwz.strip()
    register = identifier.root if identifier is not None and identifier.root in NPWZ_OIDS else ""
    if number and not can_be_licence(number, register):
        raise LicenceRefused
    return number


def first_invitation(archive: Archive, *, lasts: timedelta = LASTS, note: Note = unnoted) -> Invitation:
    """An invitation for the first administrator, who says on accepting who they are.

    Raises `AccountsExist` if there is an account of any kind, in any state.
    """
    now = archive.clock()
    waiting = Person(
        account=new_id().hex, kind=PrincipalKind.ADMINISTRATOR, invitation_until=instant(now + lasts),
        invited_at=instant(now), invited_by=OPERATOR,
    )  # fmt: skip
    return _invited(archive, waiting, until=now + lasts, alone=True, note=note)


def _invited(archive: Archive, waiting: Person, *, until: datetime, alone: bool, note: Note) -> Invitation:
    code = new_code()
    try:
        made = archive.catalogue.people.invite(waiting, invitation=digest_of(code), alone=alone)
    except CatalogueConflict:
        raise NameTaken from None
    if not made:
        raise AccountsExist
    noted(note, INVITED, waiting, by=waiting.invited_by, **about(waiting))
    return Invitation(waiting.account, code, until)


def invited(archive: Archive, code: str) -> Person:
    """The account that waits for this code. Raises `InvitationRefused`."""
    found = archive.catalogue.people.invited(digest_of(code), at=archive.clock())
    if found is None:
        raise InvitationRefused
    return found


def accept(
    archive: Archive, code: str, *, name: str, password: str, given_name: str = "", surname: str = "",
    totp: bool = True, confirm: Confirm | None = None, note: Note = unnoted,
) -> Enrolment:  # fmt: skip
    """The account that waited for `code` can sign in as `name`; the code is used up.

    First name and surname count only where the invitation names nobody. `confirm` is given the otpauth URI and asks
    for a code of the new secret; that code is used up as well. Whatever is refused leaves the invitation as it was.
    Raises `InvitationRefused`, `NameRefused`, `NameTaken`, `NamesMissing`, `PasswordRefused`, `TotpRequired`,
    `CodeNotConfirmed`.
    """
    waiting = invited(archive, code)
    whose = _named(waiting, name=name, given_name=given_name, surname=surname)
    octets = checked_password(password, names=(name, whose.given_name, whose.surname))
    if whose.kind in MUST_HAVE_TOTP and not totp:
        raise TotpRequired
    secret = codes.new_secret() if totp else b""
    uri = codes.otpauth(secret, name=name) if totp else ""
    step = _confirmed(archive, secret, confirm(uri)) if totp and confirm else 0
    sealed = secrets_of(archive).seal(secret, place=place_of(whose.account)) if totp else None
    accepted = replace(whose, password=hashed(octets), totp=sealed)
    _take_over(archive, accepted, code=code, step=step)
    noted(note, ACCEPTED, accepted, by=accepted.account, **about(accepted))
    return Enrolment(whose.account, name, uri)


def _named(waiting: Person, *, name: str, given_name: str, surname: str) -> Person:
    if waiting.name and waiting.name != name:
        raise NameRefused
    if waiting.kind not in PEOPLE or waiting.surname:
        return replace(waiting, name=checked_name(name))
    if not (given_name.strip() and surname.strip()):
        raise NamesMissing
    return replace(waiting, name=checked_name(name), given_name=given_name.strip(), surname=surname.strip())


def _confirmed(archive: Archive, secret: bytes, typed: str) -> int:
    step = codes.step_of(secret, typed, at=archive.clock())
    if step is None:
        raise CodeNotConfirmed
    return step


def _take_over(archive: Archive, accepted: Person, *, code: str, step: int) -> None:
    try:
        done = archive.catalogue.people.accept(accepted, invitation=digest_of(code), at=archive.clock(), totp_step=step)
    except CatalogueConflict:
        raise NameTaken from None
    if not done:
        raise InvitationRefused


def new_code() -> str:
    """160 random bits in groups of four letters and digits (RFC 4648 base32), to be read out or typed."""
    text = base64.b32encode(os.urandom(CODE_BYTES)).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def digest_of(code: str) -> bytes:
    """SHA-256 of the code, however it was grouped and whatever the case of its letters."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()


def secrets_of(archive: Archive) -> SmallSecrets:
    return SmallSecrets(archive.ring, archive=archive.id)


def place_of(account: str) -> bytes:
    """Where a TOTP secret is sealed for."""
    return b"totp\0" + account.encode("ascii")
