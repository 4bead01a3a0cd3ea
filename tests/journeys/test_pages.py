"""What else is done as its page says: inventories, and what an operator does every night."""

from pathlib import Path

from tests.architecture.sources import ROOT
from tests.builders.pages import below
from tests.cli.office import DOCTOR, opened_office
from tests.cli.running import Machine
from tests.journeys.following import Follower, settings_of


def test_an_inventory_is_made_checked_and_the_archive_verified(tmp_path: Path) -> None:
    office = opened_office(Machine(tmp_path))
    office.as_(DOCTOR)
    inventory = str(tmp_path / "inventory.dcm")
    values = {"ID": office.takeover, "inventory.dcm": inventory, "PACKAGE": str(tmp_path / "package")}
    follower = Follower(values, settings_of(tmp_path) | office.machine.environment)
    pages = [
        (ROOT / "docs" / "inventories.md", "Inventories (PS3.3 C.38)"),
        (ROOT / "docs" / "inventories.md", "How a successor migrates"),
        (ROOT / "docs" / "operating.md", "Every night"),
    ]
    lines = [line for page, heading in pages for block in below(page, heading) for line in block.lines]
    assert [line.split()[1] for line in lines] == ["takeover", "inventory", "verify"]
    for line in lines:
        follower.run(line)
    assert follower.unused() == set()
    next((tmp_path / "package").rglob("*.dcm")).unlink()
    follower.run(lines[1], code=5)
