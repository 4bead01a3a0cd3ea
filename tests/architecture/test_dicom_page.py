"""Every `edm-archive` command line of docs/dicom.md exists; log lines and measures that it names are the door's."""

import re

import pytest

from dicom_gateway.measures import Measures
from dicom_gateway.rejecting import Why
from tests.architecture.sources import ROOT
from tests.architecture.test_readme import BLOCK, resolved

PAGE = (ROOT / "docs" / "dicom.md").read_text("utf-8")


def command_lines() -> list[str]:
    text = "\n".join(BLOCK.findall(PAGE)).replace("\\\n", " ")
    shown = [line.split("#")[0].strip() for line in text.splitlines()]
    return [line for line in shown if line.startswith("edm-archive ")] + re.findall(r"`(edm-archive [a-z][^`]*)`", PAGE)


@pytest.mark.parametrize("line", command_lines())
def test_a_command_that_is_shown_exists(line: str) -> None:
    assert list(resolved(line)) == []


def test_commands_are_shown() -> None:
    assert len(command_lines()) >= 8


@pytest.mark.parametrize("why", [each for each in Why if each not in (Why.APPLICATION, Why.VERSION, Why.LIMIT)])
def test_each_rejection_that_a_peer_may_meet_is_explained(why: Why) -> None:
    shown = PAGE[PAGE.index("## When something") :]
    assert why.shown in shown


def test_measures_that_are_named_are_those_that_are_counted() -> None:
    known = {each.name for each in Measures(limit=1).families()}
    named = set(re.findall(r"edm_dicom_[a-z_]+", PAGE))
    assert {name.removesuffix("_total") for name in named} <= known
    assert all(each in PAGE or f"…{each.rpartition('associations')[2]}" in PAGE for each in known)
