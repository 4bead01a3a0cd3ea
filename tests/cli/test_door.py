"""What every verb has in common: help, languages, JSON, errors without tracebacks and without personal data."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.failures import MachineRefused
from cli.main import app
from cli.screen import Screen, prepared, shown, size
from storage.errors import Text
from tests.cli.running import ROOT, Machine, clean_environment, command


def every_verb() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(app))]
    while waiting:
        path, group = waiting.pop()
        for name, below in getattr(group, "commands", {}).items():
            found.append((*path, name))
            waiting.append(((*path, name), below))
    return sorted(found)


def test_the_verbs_are_those_that_the_plan_names() -> None:
    expected = ["init", "sample", "search", "get", "verify", "rebuild", "doctor", "serve", "worker"]
    expected += ["takeover", "proof", "keys", "storage", "db", "user"]
    expected += ["consent", "grant", "demand", "custody", "protection", "relation", "audit", "peer", "inventory"]
    assert {path[0] for path in every_verb() if path} == set(expected)
    assert len(every_verb()) == 102


@pytest.mark.parametrize("path", every_verb(), ids=lambda path: " ".join(path) or "(none)")
def test_every_verb_explains_itself(path: tuple[str, ...], bare: Machine) -> None:
    result = bare.done(*path, "--help")
    assert "Usage" in result.stdout
    assert "--help" in result.stdout


def test_an_error_says_what_happened_what_was_not_lost_and_what_to_do(bare: Machine) -> None:
    result = bare.done("takeover", "list", code=2)
    head, kept, todo = result.stderr.splitlines()
    assert head == f"Error HOM-001: There is no archive at {bare.home}."
    assert kept == "Nothing that the archive has acknowledged is affected."
    assert "edm-archive init" in todo
    assert result.stdout == ""


@pytest.mark.parametrize("words", [("--lang", "pl", "takeover", "list"), ("takeover", "list", "--lang=pl")])
def test_the_language_may_be_chosen_anywhere(words: tuple[str, ...], bare: Machine) -> None:
    assert bare.done(*words, code=2).stderr.startswith(f"Błąd HOM-001: W {bare.home} nie ma archiwum.")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "pl_PL.UTF-8"}, "pl"),
        ({"LC_ALL": "C", "LANG": "pl_PL.UTF-8"}, "en"),
        ({"LC_MESSAGES": "pl_PL", "LANG": "en_GB"}, "pl"),
        ({"EDM_ARCHIVE_LANG": "en", "LANG": "pl_PL"}, "en"),
        ({"EDM_ARCHIVE_LANG": "de"}, "en"),
    ],
)
def test_the_locale_decides_unless_the_archive_is_told(environment: dict[str, str], language: str) -> None:
    assert prepared(["takeover", "list"], environment)[0].language == language


def test_words_after_two_dashes_are_left_alone() -> None:
    screen, rest = prepared(["get", "x", "--", "--lang", "pl", "--json"], {})
    assert (screen.language, screen.as_json, rest) == ("en", False, ["get", "x", "--", "--lang", "pl", "--json"])


def test_an_error_is_json_for_programs(bare: Machine) -> None:
    error = json.loads(bare.done("takeover", "list", "--json", code=2).stdout)["error"]
    assert error["code"] == "HOM-001"
    assert error["exit_code"] == 2
    assert set(error) == {"code", "exit_code", "retryable", "what", "kept", "todo"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("takeover", "devour"), "unknown verb"),
        (("takeover", "receive"), "PACKAGE is missing"),
        (("verify", "--blindly"), "there is no option --blindly"),
        (("verify", "--level", "90010112349"), "--level cannot be used (exists|sealed|opened)"),
        (("sample", "x", "--patients", "90010112349"), "--patients cannot be used"),
        (("doctor", "90010112349"), "more words than it takes"),
        (("verify", "--sample", "90010112349"), "--sample is not of the form N/T"),
        (("search", "--purpose", "audit", "--after", "90010112349"), "--after needs --level"),
        (("search", "--after", "90010112349"), "--purpose is missing"),
        (("--nonsense",), "there is no option --nonsense"),
        (("demand", "submit", "/90010112349"), "what FILE.JSON names is not there"),
        (("audit", "special-report"), "one of --patient and --takeover is needed, and not both"),
        (("audit", "search", "--purpose", "90010112349"), "--purpose cannot be used (treatment|continuity"),
        (("verify", "--level"), "the option --level lacks its value, or takes none"),
    ],
)
def test_a_command_line_that_is_not_understood_is_told_without_its_values(
    words: tuple[str, ...], said: str, bare: Machine
) -> None:
    result = bare.done(*words, code=2)
    assert "Error ARC-002" in result.stderr
    assert said in result.stderr
    assert "90010112349" not in result.output
    assert json.loads(bare.done(*words, "--json", "--lang", "pl", code=2).stdout)["error"]["what"].startswith("Niezroz")


def test_an_unforeseen_error_is_our_bug_and_its_traceback_a_private_file(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise ValueError("Kowalska^Anna")

    monkeypatch.setattr("repository.samples.building.build_sample", lambda *_, **kwargs: broken(**kwargs))
    result = machine.done("sample", machine.folder / "x", code=1)
    assert "ARC-999" in result.stderr
    assert "Kowalska" not in result.output
    (file,) = (machine.home / "var").iterdir()
    assert str(file) in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Kowalska^Anna" in file.read_text("utf-8")


def test_without_a_home_the_traceback_goes_to_the_folder_for_temporary_files(
    bare: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(bare.folder))
    monkeypatch.setattr("repository.samples.building.build_sample", lambda *_, **__: int("x"))
    assert "ARC-999" in bare.done("sample", bare.folder / "x", code=1).stderr
    assert len(list(bare.folder.glob("edm-archive-bug-*.txt"))) == 1
    assert not bare.home.exists()


def test_an_error_of_the_machine_is_told_by_its_symbol_alone(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/srv/Kowalska^Anna.dcm")

    monkeypatch.setattr("repository.samples.building.build_sample", full)
    result = bare.done("sample", bare.folder / "x", code=MachineRefused.exit_code)
    assert "(ENOSPC)" in result.stderr
    assert "Kowalska" not in result.output


@pytest.mark.parametrize("as_json", [False, True])
def test_an_interruption_says_what_is_kept(bare: Machine, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("repository.samples.building.build_sample", interrupted)
    result = bare.done("sample", bare.folder / "x", *(["--json"] if as_json else []), code=130)
    if as_json:
        assert "acknowledged is kept" in json.loads(result.stdout)["interrupted"]["kept"]
    else:
        assert "Stopped. What the archive has acknowledged is kept." in result.stderr


def test_a_closed_pipe_is_quiet(filled: Machine, takeover: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = command("takeover", "statement", takeover, "--items", "--purpose", "custody", "--json")
    ended = subprocess.run(words, env=filled.child_environment(), stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_standard_output_is_told(bare: Machine, more: tuple[str, ...], unbuffered: str) -> None:
    bare.more = {"PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        words = command("sample", bare.folder / "p", *more)
        ended = subprocess.run(words, env=bare.child_environment(), stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == MachineRefused.exit_code
    assert b"Error ARC-001" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_locale_without_polish_letters_does_not_stop_an_answer(bare: Machine) -> None:
    bare.more = {"EDM_ARCHIVE_LANG": "pl", "PYTHONIOENCODING": "ascii"}
    ended = bare.spawn("takeover", "list")
    assert ended.returncode == 2
    assert rb"B\u0142\u0105d HOM-001" in ended.stderr


def test_starting_is_light() -> None:
    heavy = {"sqlalchemy", "alembic", "lxml", "pydicom", "minio", "celery", "jinja2", "psycopg", "cryptography"}
    program = "import sys, cli.main; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], env=clean_environment(), cwd=ROOT, capture_output=True, check=True
    )
    assert heavy & {name.partition(".")[0] for name in ended.stdout.decode().split()} == set()


def test_what_a_package_names_never_writes_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "a\x1b]0;x\x07b\u202ecod.exe\nnext"
    screen = Screen("en")
    screen.say(en=hostile, pl=hostile)
    screen.table([Text(en="Path", pl="Ścieżka")], [(hostile,)])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("a")] == [r"a\u{1b}]0;x\u{7}b\u{202e}cod.exe"] * 2
    assert shown("Żółć [bold]x[/bold] :smile:") == "Żółć [bold]x[/bold] :smile:"


def test_what_a_package_names_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[bold red]a[/bold red] :smile: [link=x]y[/]"
    Screen("pl").table([Text(en="Path", pl="Ścieżka")], [(name,)])
    assert capsys.readouterr().out.splitlines() == ["Ścieżka", name]


def test_sizes_are_decimal() -> None:
    assert [size(count) for count in (0, 999, 1000, 1_500_000, 10**16)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.5 MB",
        "10000.0 TB",
    ]
