"""Every command line of the README, the other pages and the demo exists in the program, with its options."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from cli.main import app
from tests.architecture.sources import ROOT, files_of_the_project
from tests.builders.pages import blocks

BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


PAGES = [path for path in files_of_the_project() if path.suffix == ".md"]
NAME_OF_A_FORMAT = re.compile(r"edm-archive [a-z ]+ [0-9]+")
# A reference, not what is typed: groups of verbs may stand in it.
MADE = {"errors.md", "findings.md", "requirements.md", "CHANGELOG.md"}


def command_lines() -> list[tuple[str, str]]:
    """Page and line, of every page of the project."""
    lines = [(page.name, line) for page in PAGES for block in blocks(page) for line in block.lines]
    return [(page, line) for page, line in lines if line.startswith("edm-archive ")]


def demo_lines() -> list[str]:
    """The commands of the demo, with its variables as they stand: they are not options."""
    text = (ROOT / "deploy" / "demo.sh").read_text("utf-8").replace("\\\n", " ")
    return [line.replace("$", "") for line in re.findall(r"(?:expect \d |^)(edm-archive [^|>\n]*)", text, re.MULTILINE)]


def words_in_prose() -> list[str]:
    """Commands that stand in the running text between back-ticks."""
    texts = (BLOCK.sub("", page.read_text("utf-8")) for page in PAGES if page.name not in MADE)
    found = (line for text in texts for line in re.findall(r"`(edm-archive [a-z][^`]*)`", text))
    commands = {" ".join(line.replace("…", "").split()) for line in found}
    return sorted(line for line in commands if not NAME_OF_A_FORMAT.fullmatch(line))


def resolved(line: str) -> Iterator[str]:
    """What is wrong with the command line: unknown verbs and unknown options."""
    command: Any = typer.main.get_command(app)
    known = {"--help", *options(command)}
    for word in shlex.split(line)[1:]:
        verbs = getattr(command, "commands", None)
        if word.startswith("-"):
            if word.split("=")[0] not in known:
                yield f"{line!r} has no option {word}"
        elif verbs is not None:
            if word not in verbs:
                yield f"{line!r} has no verb {word}"
                return
            command = verbs[word]
            known |= options(command)
    if hasattr(command, "commands") and not command.invoke_without_command and "--help" not in line:
        yield f"{line!r} stops at a group of verbs"


def misread(line: str) -> str:
    """Why the program would not understand the whole line, its values and what has to be there; empty if it would."""
    words = shlex.split(line, comments=True)[1:]
    if words[-1] == "--help":
        return "; ".join(resolved(line))
    command: Any = typer.main.get_command(app)
    while verbs := getattr(command, "commands", None):
        if not words or words[0] not in verbs:
            return "no verb" if not words or not command.invoke_without_command else ""
        command = verbs[words.pop(0)]
    try:
        command.make_context(command.name, words).close()
    except Exception as refused:  # noqa: BLE001  click's errors are not typer's own: whatever it is, it is said
        return str(refused)
    return ""


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def test_the_readme_shows_commands() -> None:
    pages = {page for page, _ in command_lines()}
    assert {"README.md", "dicom.md", "inventories.md", "operating.md", "serving.md"} <= pages
    assert len(command_lines()) >= 40
    assert len(words_in_prose()) >= 20
    assert len(demo_lines()) >= 10


@pytest.mark.parametrize("line", words_in_prose() + demo_lines())
def test_a_command_that_is_shown_exists(line: str) -> None:
    assert list(resolved(line)) == []


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_a_command_that_is_shown_to_be_typed_is_understood_whole(page: str, line: str) -> None:
    assert misread(line) == "", page


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("edm-archive verify --level blindly", "blindly"),
        ("edm-archive verify --record=x", "record"),
        ("edm-archive search --patient-id 1", "purpose"),
        ("edm-archive takeover statement", "ID"),
        ("edm-archive takeover statement A B", "B"),
        ("edm-archive takeover devour", "no verb"),
        ("edm-archive peer add --helpful --help", "no option"),
    ],
)
def test_a_line_that_would_not_be_understood_is_noticed(line: str, reason: str) -> None:
    assert reason.lower() in misread(line).lower()


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    for line, wrong in (
        ("edm-archive takeover devour PACKAGE", "has no verb devour"),
        ("edm-archive verify --blindly", "has no option --blindly"),
        ("edm-archive takeover", "stops at a group of verbs"),
    ):
        assert list(resolved(line)) == [f"{line!r} {wrong}"]


def test_the_targets_of_the_readme_are_in_the_makefile() -> None:
    named = set(
        re.findall(r"^make ([a-z]+)", "\n".join(BLOCK.findall((ROOT / "README.md").read_text("utf-8"))), re.MULTILINE)
    )
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named
    assert named <= there
