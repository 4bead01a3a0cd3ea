"""`user`: passwords and codes, typed or from private files, and what is told when they are wrong."""

import re
from typing import Any

import pytest

from cli.main import app
from tests.builders.people import PASSWORD, secret_of
from tests.cli.reception import OTHER, Desk
from tests.cli.test_init import at_a_terminal


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


def test_a_person_at_a_terminal_types_secrets_unseen_and_names_seen(desk: Desk) -> None:
    typed = [desk.invitation, "Ewa", "Lis", PASSWORD, PASSWORD]
    code, shown = at_a_terminal(
        desk.machine, ("user", "accept", "boss", "--no-confirm"), [word.encode() for word in typed]
    )
    assert code == 0, shown
    assert PASSWORD.encode() not in shown
    assert desk.invitation.encode() not in shown
    assert (b"First name: Ewa" in shown, b"Surname: Lis" in shown) == (True, True)
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
