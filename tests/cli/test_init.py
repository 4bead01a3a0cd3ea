"""`init`: a new archive, what opens it, and what is refused."""

import hashlib
import os
import pty
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import Machine


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_file_is_made_for_its_owner_alone_and_said_to_be_backed_up(bare: Machine) -> None:
    result = bare.done("init", "--key-file", bare.key)
    assert mode(bare.key) == 0o600
    assert f"A key file was made: {bare.key}" in result.stdout
    assert "copy the key ring and the key file to a safe place" in result.stdout
    assert mode(bare.home / "keyring.json") == 0o600


def test_a_key_file_that_is_there_is_used_as_it_is(bare: Machine) -> None:
    bare.key.write_text("ab" * 32 + "\n")
    bare.key.chmod(0o600)
    assert bare.json("init", "--key-file", bare.key)["key_file_made"] is False
    assert bare.key.read_text() == "ab" * 32 + "\n"
    bare.done("keys", "show")


def test_the_public_key_is_published_for_everybody(machine: Machine) -> None:
    file = machine.home / "log.pub"
    assert mode(file) == 0o644
    assert file.read_text().strip() == machine.json("keys", "show")["verifier_key"]


def test_without_a_terminal_and_without_a_file_nothing_is_asked(bare: Machine) -> None:
    bare.more = {"EDM_ARCHIVE_KEY_FILE": ""}
    assert "HOM-005" in bare.done("init", code=8).stderr
    assert not bare.home.exists()


def test_two_secrets_are_one_too_many(bare: Machine) -> None:
    assert "INI-002" in bare.done("init", "--key-file", bare.key, "--passphrase-file", bare.key, code=2).stderr
    assert not bare.key.exists()


def test_a_passphrase_file_opens_the_ring_and_a_wrong_one_does_not(bare: Machine) -> None:
    phrase = bare.folder / "phrase"
    phrase.write_bytes(b"twelve bytes at the least\n")
    phrase.chmod(0o600)
    bare.more = {"EDM_ARCHIVE_KEY_FILE": "", "EDM_ARCHIVE_PASSPHRASE_FILE": str(phrase)}
    bare.done("init", "--passphrase-file", phrase)
    assert bare.json("keys", "show")["protected_by"] == "passphrase"
    phrase.write_bytes(b"another dozen of letters")
    result = bare.done("takeover", "list", code=8)
    assert "KEY-005" in result.stderr
    assert "another dozen" not in result.output


def test_a_short_passphrase_is_refused(bare: Machine) -> None:
    phrase = bare.folder / "phrase"
    phrase.write_bytes(b"eleven byte\n")
    phrase.chmod(0o600)
    assert "INI-001" in bare.done("init", "--passphrase-file", phrase, code=2).stderr
    assert not bare.home.exists()


def test_a_wrong_key_file_does_not_open_the_ring(machine: Machine) -> None:
    machine.key.write_text("00" * 32)
    assert "KEY-005" in machine.done("takeover", "list", code=8).stderr


def test_a_key_file_that_others_can_read_is_refused(machine: Machine) -> None:
    machine.key.chmod(0o644)
    result = machine.done("takeover", "list", code=8)
    assert "KEY-003" in result.stderr
    assert f"chmod 600 {machine.key}" in result.stderr


def test_an_archive_is_never_made_over_another(machine: Machine) -> None:
    before = (machine.home / "keyring.json").read_bytes()
    assert "HOM-002" in machine.done("init", "--key-file", machine.folder / "other", code=2).stderr
    assert (machine.home / "keyring.json").read_bytes() == before
    assert not (machine.folder / "other").exists()


def test_a_password_in_an_address_is_refused_and_not_repeated(bare: Machine) -> None:
    result = bare.done("init", "--key-file", bare.key, "--catalogue", "postgresql://u:sesame@localhost/x", code=2)
    assert "INI-003" in result.stderr
    assert "sesame" not in result.output
    assert not bare.key.exists()


# The command, with secrets whose Argon2id costs next to nothing: other tests pay its price.
CHEAP = """
from storage.keys import passwords, protection
passwords.COST = passwords.Cost(1, 8, 1)
protection.by_passphrase.__kwdefaults__["memory_kib"] = 1024
from cli.main import main
main()
"""


def at_a_terminal(machine: Machine, words: tuple[str, ...], typed: list[bytes]) -> tuple[int, bytes]:
    """Exit code and everything that was shown, when a person types `typed`, each answer after a question."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", CHEAP, *words], env=machine.child_environment(),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while True:
            part = os.read(ours, 4096)
            if not part:
                break
            shown += part
            if typed and part.rstrip(b" ").endswith(b":"):
                os.write(ours, typed.pop(0) + b"\n")
    except OSError:
        pass  # Linux: the other end was closed
    finally:
        os.close(ours)
    return running.wait(timeout=60), shown


def test_a_person_is_asked_for_a_passphrase_twice_and_it_is_not_shown(bare: Machine) -> None:
    bare.more = {"EDM_ARCHIVE_KEY_FILE": ""}
    code, shown = at_a_terminal(bare, ("init",), [b"a long secret phrase", b"a long secret phrase"])
    assert code == 0, shown
    assert b"long secret" not in shown
    code, shown = at_a_terminal(bare, ("keys", "show"), [b"a long secret phrase"])
    assert (code, b"a passphrase" in shown) == (0, True)
    code, shown = at_a_terminal(bare, ("keys", "show"), [b"a wrong secret phrase"])
    assert (code, b"KEY-005" in shown) == (8, True)


def test_a_passphrase_that_is_not_typed_the_same_twice_makes_nothing(bare: Machine) -> None:
    bare.more = {"EDM_ARCHIVE_KEY_FILE": ""}
    code, shown = at_a_terminal(bare, ("init",), [b"a long secret phrase", b"a long secret phrasf"])
    assert (code, b"INI-001" in shown) == (2, True)
    assert not bare.home.exists()


def test_the_first_administrator_is_invited_once_and_there_is_no_password_that_everybody_knows(bare: Machine) -> None:
    result = bare.done("init", "--key-file", bare.key)
    (code,) = re.findall(r"^  ((?:[A-Z2-7]{4}-){7}[A-Z2-7]{4})$", result.stdout, re.MULTILINE)
    assert "edm-archive user accept NAME" in result.stdout
    connection = sqlite3.connect(bare.home / "catalogue.sqlite")
    (kind, state, password, kept), *more = connection.execute("SELECT kind, state, password, invitation FROM person")
    connection.close()
    assert (kind, state, password, more) == ("administrator", "pending", "", [])
    assert kept == hashlib.sha256(code.replace("-", "").encode()).digest()
    assert code not in bare.done("keys", "show").output


def test_a_program_gets_the_invitation_as_json(bare: Machine) -> None:
    invitation = bare.json("init", "--key-file", bare.key)["invitation"]
    assert set(invitation) == {"account", "code", "until"}
    assert re.fullmatch(r"(?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}", invitation["code"])


@pytest.mark.parametrize("store", ["nowhere", "s3://bucket?endpoint=ftp://x", "file:relative"])
def test_an_address_that_is_none_is_told(store: str, bare: Machine) -> None:
    assert "STO-004" in bare.done("init", "--key-file", bare.key, "--store", store, code=7).stderr
