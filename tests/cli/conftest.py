"""Fixtures: a machine with nothing on it, one with an archive, and one whose archive holds a damaged takeover."""

from pathlib import Path

import pytest

from tests.cli.running import Machine
from tests.cli.staff import signed_in


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def machine(bare: Machine) -> Machine:
    return bare.founded()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Shared by the tests of a module, which only read; a worker of the custodian is signed in."""
    machine = Machine(tmp_path_factory.mktemp("filled")).founded()
    machine.done("takeover", "receive", machine.sample("package", "--damage"), code=3)
    return signed_in(machine)


@pytest.fixture(scope="module")
def takeover(filled: Machine) -> str:
    found: str = filled.json("takeover", "list")["takeovers"][0]["id"]
    return found
