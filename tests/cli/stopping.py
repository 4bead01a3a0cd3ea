"""A takeover that stopped after its opening."""

from pathlib import Path

from repository.intake import Order, announce
from repository.packages.package import open_package
from repository.runtime import open_archive
from repository.settings import Settings
from tests.cli.running import Machine


def opened_takeover(machine: Machine, package: Path) -> str:
    """Its id; its items are listed, and none of them is settled."""
    with (
        open_archive(Settings(machine.home, key_file=machine.key)) as archive,
        open_package(package) as found,
    ):
        takeover = announce(archive, found, Order(package))
        archive.catalogue.list_items(takeover.number, found.items())
        return takeover.id
