"""Somebody who is signed in: for tests whose subject is not who asks."""

from dataclasses import dataclass

import pytest

from repository.access.principal import Organisation, PrincipalKind
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID
from repository.people import totp
from repository.people.inviting import accept, invite
from repository.people.sessions import Session
from repository.people.signing_in import sign_in
from repository.runtime import Archive
from tests.builders.people import PASSWORD, cheap_argon2, secret_of

NPWZ = "5425740"


@dataclass(frozen=True)
class Staff:
    """Who signs in; without `house`, of the custodian of the newest takeover. `identifier`: a patient's own."""

    kind: PrincipalKind = PrincipalKind.MEDICAL_WORKER
    given_name: str = "Ada"
    surname: str = "Nowak"
    house: Identifier | None = None
    role: str = "provider"
    identifier: Identifier | None = None


def session_of(archive: Archive, staff: Staff, *, name: str) -> Session:
    """A session of a new account `name`, with a second factor."""
    with pytest.MonkeyPatch.context() as patch:
        cheap_argon2(patch)
        worker = staff.kind is PrincipalKind.MEDICAL_WORKER
        invitation = invite(
            archive, kind=staff.kind, given_name=staff.given_name, surname=staff.surname, by="test",
            npwz=NPWZ if worker else "", role="lekarz" if worker else "",
            identifier=staff.identifier or (Identifier(NPWZ_DOCTOR_OID, NPWZ) if worker else None),
            organisation=Organisation(staff.house or custodian_of(archive), "Następca", staff.role),
        )  # fmt: skip
        enrolled = accept(archive, invitation.code, name=name, password=PASSWORD)
        code = totp.code_at(secret_of(enrolled.otpauth), totp.step_at(now()))
        return sign_in(archive, name, PASSWORD, totp=code)


def custodian_of(archive: Archive) -> Identifier:
    newest = list(archive.catalogue.takeovers())[-1]
    return archive.catalogue.entitling.custody_of(newest.id)[-1].custodian
