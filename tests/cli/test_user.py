"""`user`: from the invitation that `init` prints to a session that other verbs find, and every way in which not."""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import identity
from cli.main import app
from cli.screen import Screen
from repository.access.principal import Assurance, PrincipalKind
from repository.people import totp
from repository.people.errors import SessionOver
from repository.runtime import open_archive
from repository.settings import from_environment
from storage.ids import new_id
from tests.builders.people import PASSWORD, cheap_argon2, secret_of
from tests.cli.running import Machine
from tests.cli.test_init import at_a_terminal

OTHER = "cztery psy pod mostem"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)


class Desk:
    """A machine with an archive, the clock of everybody in it, and what people type."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.file = machine.folder / "config" / "session"
        machine.more = {identity.VARIABLE: str(self.file)}
        self.invitation = machine.json("init", "--key-file", machine.key)["invitation"]["code"]
        self.secrets: dict[str, bytes] = {}
        self.steps: dict[str, int] = {}

    def typing(self, *words: object, lines: tuple[str, ...] = (), code: int = 0) -> Result:
        runner = CliRunner(env=self.machine.environment)
        result = runner.invoke(app, [str(word) for word in words], input="".join(f"{line}\n" for line in lines))
        assert "Traceback" not in result.output
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: object, lines: tuple[str, ...] = (), code: int = 0) -> Any:
        return json.loads(self.typing(*words, "--json", lines=lines, code=code).stdout)

    def accepted(self, name: str, invitation: str, *words: str) -> None:
        done = self.json("user", "accept", name, "--no-confirm", *words, lines=(invitation, PASSWORD))
        self.secrets[name] = secret_of(done["otpauth"]) if done["otpauth"] else b""

    def code(self, name: str) -> str:
        """One that was not shown before: of this step, or of the next one, which is accepted as well."""
        from repository.clock import now

        self.steps[name] = max(totp.step_at(now()), self.steps.get(name, 0) + 1)
        return totp.code_at(self.secrets[name], self.steps[name]) if self.secrets[name] else ""

    def signed_in(self, name: str) -> dict[str, Any]:
        done: dict[str, Any] = self.json("user", "sign-in", name, lines=(PASSWORD, self.code(name)))
        return done

    def boss(self) -> None:
        self.accepted("boss", self.invitation, "--given-name", "Ewa", "--surname", "Lis")
        self.signed_in("boss")

    def invited(self, *words: str, kind: str = "medical-worker") -> str:
        who = ("--given-name", "Ada", "--surname", "Nowak", *words)
        code: str = self.json("user", "invite", "--kind", kind, *who)["code"]
        return code


@pytest.fixture
def desk(bare: Machine) -> Desk:
    return Desk(bare)


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


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_session_file_that_others_can_read_is_refused(desk: Desk, mode: int) -> None:
    desk.boss()
    token = desk.file.read_text().strip()
    desk.file.chmod(mode)
    result = desk.typing("user", "list", code=2)
    assert "PPL-021" in result.stderr
    assert f"chmod 600 {desk.file}" in result.stderr
    assert token not in result.output


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


def test_a_wrong_password_a_wrong_code_and_a_wrong_name_are_told_alike(desk: Desk) -> None:
    desk.boss()
    desk.file.unlink()
    tries = [("boss", "not the password", ""), ("boss", PASSWORD, "000000"), ("nobody", PASSWORD, "")]
    told = {desk.typing("user", "sign-in", name, lines=(word, code), code=2).output for name, word, code in tries}
    assert len(told) == 1
    assert "PPL-001" in told.pop()
    assert not desk.file.exists()


def test_a_password_is_changed_and_its_sessions_end(desk: Desk) -> None:
    desk.boss()
    lines = (PASSWORD, desk.code("boss"), OTHER)
    changed = desk.typing("user", "password", "boss", lines=lines)
    assert "user sign-in boss" in changed.stdout
    assert OTHER not in changed.output
    assert "PPL-002" in desk.typing("user", "list", code=2).stderr


def test_passwords_come_from_private_files(desk: Desk) -> None:
    desk.boss()
    desk.accepted("a.nowak", desk.invited(), "--without-totp")
    old, new = desk.machine.folder / "old", desk.machine.folder / "new"
    for file, word in ((old, PASSWORD), (new, OTHER)):
        file.write_text(word + "\n", "utf-8")
        file.chmod(0o600)
    desk.typing("user", "password", "a.nowak", "--password-file", old, "--new-password-file", new, lines=("",))
    desk.typing("user", "sign-in", "a.nowak", "--password-file", new, lines=("",))
    new.chmod(0o644)
    assert "PPL-021" in desk.typing("user", "sign-in", "a.nowak", "--password-file", new, code=2).stderr
    assert "PPL-022" in desk.typing("user", "sign-in", "a.nowak", "--password-file", "nowhere", code=2).stderr


def test_no_secret_is_taken_from_the_command_line() -> None:
    import typer.main

    group: Any = typer.main.get_command(app)
    options = {opt for verb in group.commands["user"].commands.values() for each in verb.params for opt in each.opts}
    assert not {"--password", "--code", "--token", "--invitation"} & options


@pytest.mark.parametrize("answer", ["123", ""])
def test_a_code_that_does_not_come_back_leaves_the_invitation_good(desk: Desk, answer: str) -> None:
    words = ("user", "accept", "boss", "--given-name", "Ewa", "--surname", "Lis")
    refused = desk.typing(*words, lines=(desk.invitation, PASSWORD, answer), code=2)
    assert "PPL-008" in refused.stderr
    assert "otpauth://totp/" in refused.stdout
    desk.accepted("boss", desk.invitation, "--given-name", "Ewa", "--surname", "Lis")


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


def test_a_person_at_a_terminal_types_everything_unseen(desk: Desk) -> None:
    typed = [desk.invitation, "Ewa", "Lis", PASSWORD, PASSWORD]
    code, shown = at_a_terminal(
        desk.machine, ("user", "accept", "boss", "--no-confirm"), [word.encode() for word in typed]
    )
    assert code == 0, shown
    assert PASSWORD.encode() not in shown
    assert desk.invitation.encode() not in shown
    uri = re.search(rb"otpauth://\S+", shown)
    assert uri is not None
    desk.secrets["boss"] = secret_of(uri[0].decode())
    answers = [PASSWORD.encode(), desk.code("boss").encode()]
    code, shown = at_a_terminal(desk.machine, ("user", "sign-in", "boss"), answers)
    assert (code, b"Signed in as boss" in shown) == (0, True), shown
    assert desk.file.exists()


def test_a_password_that_is_not_typed_the_same_twice_changes_nothing(desk: Desk) -> None:
    typed = [desk.invitation, "Ewa", "Lis", PASSWORD, OTHER]
    code, shown = at_a_terminal(desk.machine, ("user", "accept", "boss"), [word.encode() for word in typed])
    assert (code, b"PPL-023" in shown) == (2, True), shown
    desk.accepted("boss", desk.invitation, "--given-name", "Ewa", "--surname", "Lis")


def test_the_session_of_another_archive_is_none_here(desk: Desk, tmp_path: Path) -> None:
    desk.boss()
    folder = tmp_path / new_id().hex
    folder.mkdir()
    other = Machine(folder, dict(desk.machine.more)).founded()
    assert "PPL-002" in other.done("user", "list", code=2).stderr


def test_without_the_variable_the_session_is_kept_below_the_home_of_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(identity.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert identity.session_file() == tmp_path / ".config" / "edm-archive" / "session"
    assert identity.keep("token").read_text() == "token\n"
    assert stat.S_IMODE(identity.session_file().parent.stat().st_mode) == 0o700


def test_a_session_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "session"
    file.write_text("token\n")
    file.chmod(0o600)
    assert identity.read_owned(file) == "token\n"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(identity.PrivateFileExposed):
        identity.read_owned(file)
