"""`user`: from the invitation that `init` prints to a session that other verbs find, and every way in which not."""

import json
import re
import stat
from typing import Any

import pytest

from cli import identity
from cli.screen import Screen
from repository.access.principal import Assurance, PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID, PROVIDER_OID
from repository.people.errors import SessionOver
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.builders.people import PASSWORD
from tests.cli.reception import Desk


def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What another verb is told when it asks who is signed in."""
    for name, value in desk.machine.environment.items():
        monkeypatch.setenv(name, value)
    with open_archive(from_environment(desk.machine.environment)) as archive:
        return identity.signed_in(archive, Screen())


def test_from_the_first_invitation_to_a_principal_that_other_verbs_find(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.boss()
    found = asked(desk, monkeypatch)
    assert (found.kind, found.surname) == (PrincipalKind.ADMINISTRATOR, "Lis")
    assert found.id == next(one["account"] for one in desk.json("user", "list")["people"] if one["name"] == "boss")
    assert found.identification.assurance is Assurance.SUBSTANTIAL
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600


def test_nobody_is_signed_in_before_or_after(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(identity.NobodySignedIn) as told:
        asked(desk, monkeypatch)
    assert "user sign-in" in told.value.advice.en
    desk.boss()
    ended = desk.json("user", "sign-out")["session"]
    assert ended
    assert not desk.file.exists()
    assert "PPL-020" in desk.typing("user", "list", code=2).stderr


def test_signing_out_of_a_session_that_is_over_forgets_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.boss()
    desk.file.write_text("no such token\n")
    with pytest.raises(SessionOver):
        asked(desk, monkeypatch)
    assert desk.json("user", "sign-out") == {"session": ""}
    assert not desk.file.exists()


def test_an_administrator_invites_and_the_invited_signs_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.boss()
    house = ("--organisation", "Przychodnia", "--organisation-id", "2.16.840.1.113883.3.4424.2.3.1:000000190353")
    code = desk.invited("--npwz", "5425740", "--identifier", "2.16.840.1.113883.3.4424.1.6.2:5425740", *house)
    desk.accepted("a.nowak", code)
    desk.signed_in("a.nowak")
    found = asked(desk, monkeypatch)
    assert (found.npwz, found.identifier.extension, found.organisation.name) == ("5425740", "5425740", "Przychodnia")
    refused = desk.typing("user", "invite", "--kind", "patient", "--given-name", "X", "--surname", "Y", code=2)
    assert "PPL-012" in refused.stderr
    assert "PPL-012" in desk.typing("user", "revoke", "boss", code=2).stderr
    assert "PPL-012" in desk.typing("user", "list", code=2).stderr


def test_an_auditor_may_list_and_not_revoke(desk: Desk) -> None:
    desk.boss()
    desk.accepted("audit", desk.invited(kind="auditor"))
    desk.signed_in("audit")
    listed = {one["name"]: one for one in desk.json("user", "list")["people"]}
    assert {name: one["state"] for name, one in listed.items()} == {"boss": "active", "audit": "active"}
    assert (listed["audit"]["invited_by"], listed["audit"]["invited_by_name"]) == (listed["boss"]["account"], "boss")
    assert "PPL-012" in desk.typing("user", "revoke", "boss", code=2).stderr


def test_a_demand_names_its_requester_by_sign_in_name_or_account_id(desk: Desk) -> None:
    desk.accepted("boss", desk.invitation, "--given-name", "Ewa", "--surname", "Lis")
    account = desk.signed_in("boss")["account"]
    told = {}
    for claimed in ("boss", account, "somebody"):
        message = desk.machine.folder / "demand.json"
        message.write_text(json.dumps({"format": 1, "requester": {"id": claimed}}))
        told[claimed] = desk.typing("demand", "submit", message, code=2).stderr
    assert "not who is signed in" in told["somebody"]
    assert "not who is signed in" not in told["boss"] + told[account]


def test_a_revoked_account_is_out_at_once(desk: Desk) -> None:
    desk.boss()
    desk.accepted("a.nowak", desk.invited(), "--without-totp")
    boss = desk.file.read_text()
    desk.signed_in("a.nowak")
    theirs = desk.file.read_text()
    desk.file.write_text(boss)
    desk.typing("user", "revoke", "a.nowak")
    desk.file.write_text(theirs)
    assert "PPL-002" in desk.typing("user", "list", code=2).stderr
    assert "PPL-001" in desk.typing("user", "sign-in", "a.nowak", lines=(PASSWORD, ""), code=2).stderr


def test_the_list_shows_people_to_people(desk: Desk) -> None:
    desk.boss()
    desk.invited()
    shown = desk.typing("user", "list").stdout
    assert re.search(r"boss\s+administrator\s+active\s+Ewa Lis", shown)
    assert re.search(r"[0-9a-f]{32}\s+medical-worker\s+pending\s+Ada Nowak", shown)


def test_an_unaccepted_first_invitation_is_no_dead_end(desk: Desk) -> None:
    words = ("user", "invite", "--kind", "administrator", "--given-name", "Ewa", "--surname", "Lis", "--operator")
    code = desk.json(*words)["code"]
    desk.accepted("boss", code)
    desk.signed_in("boss")
    first = next(one for one in desk.json("user", "list")["people"] if one["state"] == "pending")
    assert first["invited_by"] == "operator"
    desk.typing("user", "revoke", first["account"])
    refused = desk.typing("user", "accept", "thief", "--no-confirm", lines=(desk.invitation, PASSWORD), code=2)
    assert "PPL-003" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "archive"), "--kind"),
        (("--kind", "wizard"), "--kind"),
        (("--kind", "patient", "--identifier", "90010112349"), "--identifier"),
        (("--kind", "patient", "--organisation", "Kowalska"), "--organisation"),
    ],
)
def test_what_no_account_can_be_is_not_understood_and_not_repeated(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    result = desk.typing("user", "invite", *words, code=2)
    assert "ARC-002" in result.stderr
    assert said in result.stderr
    assert "90010112349" not in result.output
    assert "Kowalska" not in result.output


def test_names_and_numbers_of_people_are_not_told_in_errors(desk: Desk) -> None:
    desk.boss()
    desk.invited("--name", "a.kowalska")
    again = ("user", "invite", "--kind", "patient", "--given-name", "Anna", "--surname", "Kowalska")
    result = desk.typing(*again, "--name", "a.kowalska", code=2)
    assert "PPL-005" in result.stderr
    assert "owalska" not in result.output


@pytest.mark.parametrize(
    "number", ["RPWDL:000000190353", f"{PROVIDER_OID}^000000190353", f"{PROVIDER_OID}:000000190353"]
)
def test_an_organisation_is_named_as_tables_and_registers_name_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    desk.boss()
    house = ("--organisation", "Przychodnia", "--organisation-id", number)
    desk.accepted("a.nowak", desk.invited("--npwz", "5425740", "--identifier", "NPWZ:5425740", *house))
    desk.signed_in("a.nowak")
    found = asked(desk, monkeypatch)
    assert found.organisation.identifier == Identifier(PROVIDER_OID, "000000190353")
    assert found.identifier == Identifier(NPWZ_DOCTOR_OID, "5425740")


@pytest.mark.parametrize("number", ["RPWDL:1", "RPWDL", "NOBODY:000000190353", "ANYBODY", "SYSTEM:PACS", "x^1", ":1"])
def test_what_is_no_number_of_an_organisation_invites_nobody(desk: Desk, number: str) -> None:
    desk.boss()
    who = ("--kind", "medical-worker", "--given-name", "Ada", "--surname", "Nowak", "--npwz", "5425740")
    refused = desk.typing("user", "invite", *who, "--organisation", "X", "--organisation-id", number, code=2)
    assert "--organisation-id" in refused.stderr
    assert len(desk.json("user", "list")["people"]) == 1
