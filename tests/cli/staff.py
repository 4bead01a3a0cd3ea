"""Somebody who is signed in: for tests whose subject is not who asks."""

from dataclasses import dataclass

from cli.identity import VARIABLE
from repository.access.principal import Organisation, PrincipalKind
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID
from repository.people import totp
from repository.people.inviting import accept, invite
from repository.people.signing_in import sign_in
from repository.runtime import Archive, open_archive
from repository.settings import from_environment
from storage.keys.ring import write_private
from tests.builders.people import PASSWORD, secret_of
from tests.cli.running import Machine

NPWZ = "5425740"


@dataclass(frozen=True)
class Staff:
    """Who signs in; without `house`, of the custodian of the newest takeover."""

    kind: PrincipalKind = PrincipalKind.MEDICAL_WORKER
    given_name: str = "Ada"
    surname: str = "Nowak"
    house: Identifier | None = None
    role: str = "provider"


def signed_in(machine: Machine, staff: Staff = Staff()) -> Machine:
    """A machine like `machine`, over the same archive, where `staff` is signed in with a second factor."""
    name = f"{staff.kind.value}-{len(machine.more)}-{staff.surname.lower()}"
    with open_archive(from_environment(machine.environment)) as archive:
        house = staff.house or _custodian(archive)
        worker = staff.kind is PrincipalKind.MEDICAL_WORKER
        invitation = invite(
            archive, kind=staff.kind, given_name=staff.given_name, surname=staff.surname, by="test",
            npwz=NPWZ if worker else "", role="lekarz" if worker else "",
            identifier=Identifier(NPWZ_DOCTOR_OID, NPWZ) if worker else None,
            organisation=Organisation(house, "Następca", staff.role),
        )  # fmt: skip
        enrolled = accept(archive, invitation.code, name=name, password=PASSWORD)
        code = totp.code_at(secret_of(enrolled.otpauth), totp.step_at(now()))
        session = sign_in(archive, name, PASSWORD, totp=code)
    file = machine.folder / f"session-{name}"
    write_private(file, session.token.encode() + b"\n")
    return Machine(machine.folder, machine.more | {VARIABLE: str(file)})


def _custodian(archive: Archive) -> Identifier:
    newest = list(archive.catalogue.takeovers())[-1]
    return archive.catalogue.entitling.custody_of(newest.id)[-1].custodian
