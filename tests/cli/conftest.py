"""Fixtures: a machine with nothing on it, one with an archive, one with a damaged takeover in it, and an office."""

from pathlib import Path

import pytest

from tests.builders.people import cheap_argon2
from tests.cli.office import Office, opened_office
from tests.cli.reception import Desk
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


@pytest.fixture(scope="session")
def new_office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """As it was opened: tests work in a copy."""
    return opened_office(Machine(tmp_path_factory.mktemp("new-office")))


@pytest.fixture
def office(new_office: Office, tmp_path: Path) -> Office:
    return new_office.copy(tmp_path)


@pytest.fixture(scope="module")
def shared_office(new_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """For tests of a module that do not disturb each other."""
    return new_office.copy(tmp_path_factory.mktemp("office"))


@pytest.fixture
def desk(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> Desk:
    cheap_argon2(monkeypatch)
    return Desk(bare)
