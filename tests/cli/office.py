"""An office: an archive with one takeover of two patients, and people with sessions; who is at the desk may change."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.identity import VARIABLE
from repository.access.account import Account
from repository.access.account_query import AccountQuery
from repository.access.principal import Organisation, PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.people import inviting, signing_in, totp
from repository.polish_time import in_poland
from repository.runtime import open_archive
from repository.settings import from_environment
from storage.keys.ring import write_private
from tests.builders.access import THEIRS
from tests.builders.people import PASSWORD, cheap_argon2, secret_of
from tests.cli.running import Machine

BOSS, SECOND, DOCTOR, STRANGER, AUDITOR = "boss", "second", "doctor", "stranger", "auditor"


@dataclass
class Office:
    """`keeper` is the custodian of the takeover, whom DOCTOR and AUDITOR work for; `ids` are accounts by name."""

    machine: Machine
    takeover: str
    keeper: Identifier
    pesels: list[str]
    ids: dict[str, str] = field(default_factory=dict)

    def copy(self, folder: Path) -> "Office":
        """The same office once more, in `folder`, with nobody at the desk."""
        shutil.copytree(self.machine.folder, folder, dirs_exist_ok=True)
        return replace(self, machine=Machine(folder), ids=dict(self.ids))

    def person(self, name: str, kind: PrincipalKind, *, house: Identifier | None = None, pesel: str = "") -> None:
        """Somebody new with an account and a session, signed in with a second factor."""
        with pytest.MonkeyPatch.context() as patch, open_archive(from_environment(self.machine.environment)) as archive:
            cheap_argon2(patch)
            made = inviting.invite(
                archive, kind=kind, given_name="Ada", surname=f"Nowak-{name}", by="test",
                npwz="5425740" if kind is PrincipalKind.MEDICAL_WORKER else "",
                identifier=Identifier(PESEL_OID, pesel) if pesel else None,
                organisation=Organisation(house, "NZOZ") if house else None,
            )  # fmt: skip
            done = inviting.accept(archive, made.code, name=name, password=PASSWORD)
            self.ids[name] = done.account
            code = totp.code_at(secret_of(done.otpauth), totp.step_at(archive.clock()))
            session = signing_in.sign_in(archive, name, PASSWORD, totp=code)
            write_private(self.machine.folder / f"session-{name}", session.token.encode())

    def as_(self, name: str) -> Machine:
        self.machine.more = {VARIABLE: str(self.machine.folder / f"session-{name}")}
        return self.machine

    def accounts(self) -> list[Account]:
        with open_archive(from_environment(self.machine.environment)) as archive:
            return list(archive.catalogue.accounts.every(AccountQuery()))

    def deeds(self) -> list[Any]:
        with open_archive(from_environment(self.machine.environment)) as archive:
            return list(archive.catalogue.journal.deeds())

    def document_of(self, pesel: str) -> str:
        search = ("search", "--purpose", "custody", "--level", "document", "--limit", 1, "--patient-id", pesel)
        what: str = self.as_(DOCTOR).json(*search)["levels"]["document"]["hits"][0]["what"]
        return what


def opened_office(machine: Machine) -> Office:
    """An office on a machine with nothing on it."""
    machine.founded().done("takeover", "receive", machine.sample("package", "--patients", 2, "--images", 1))
    (found,) = machine.json("takeover", "list")["takeovers"]
    with open_archive(from_environment(machine.environment)) as archive:
        keeper = archive.catalogue.entitling.custody_of(found["id"])[-1].custodian
    rows = (machine.folder / "package/metadata/patients.csv").read_text("utf-8").splitlines()[1:]
    office = Office(machine, found["id"], keeper, [row.split(",")[1] for row in rows])
    office.person(BOSS, PrincipalKind.ADMINISTRATOR)
    office.person(SECOND, PrincipalKind.ADMINISTRATOR)
    office.person(DOCTOR, PrincipalKind.MEDICAL_WORKER, house=keeper)
    office.person(STRANGER, PrincipalKind.MEDICAL_WORKER, house=THEIRS)
    office.person(AUDITOR, PrincipalKind.AUDITOR, house=keeper)
    return office


def day(*, ahead: int = 0) -> str:
    return (in_poland(datetime.now().astimezone()).date() + timedelta(days=ahead)).isoformat()


def add(whose: str, who: str, *words: object, kind: str = "authorised") -> tuple[object, ...]:
    """The command that says what `who` is to `whose`."""
    return ("relation", "add", "--patient", whose, "--person", who, "--kind", kind, *words)
