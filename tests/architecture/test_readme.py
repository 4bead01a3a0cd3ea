"""Every command line of the README and the demo exists in the program, with its options."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from cli.main import app
from tests.architecture.sources import ROOT

BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def command_lines() -> list[str]:
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    lines = (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line.startswith("edm-archive ")]


def demo_lines() -> list[str]:
    """The commands of the demo, with its variables as they stand: they are not options."""
    text = (ROOT / "deploy" / "demo.sh").read_text("utf-8").replace("\\\n", " ")
    return [line.replace("$", "") for line in re.findall(r"(?:expect \d |^)(edm-archive [^|>\n]*)", text, re.MULTILINE)]


def words_in_prose() -> list[str]:
    """Commands that stand in the running text between back-ticks."""
    text = BLOCK.sub("", (ROOT / "README.md").read_text("utf-8"))
    return re.findall(r"`(edm-archive [a-z][^`]*)`", text)


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


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def test_the_readme_shows_commands() -> None:
    assert len(command_lines()) >= 8
    assert len(demo_lines()) >= 10


@pytest.mark.parametrize("line", command_lines() + words_in_prose() + demo_lines())
def test_a_command_that_is_shown_exists(line: str) -> None:
    assert list(resolved(line)) == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert list(resolved("edm-archive takeover devour PACKAGE")) != []
    assert list(resolved("edm-archive verify --blindly")) != []
    assert list(resolved("edm-archive takeover")) != []


def test_the_targets_of_the_readme_are_in_the_makefile() -> None:
    named = set(
        re.findall(r"^make ([a-z]+)", "\n".join(BLOCK.findall((ROOT / "README.md").read_text("utf-8"))), re.MULTILINE)
    )
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named
    assert named <= there
