"""An inventory against a package: is every image that it tells of there, with the very bytes? No archive is asked."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from repository.domain.takeover import Disposition
from repository.findings import Finding
from repository.formats.dicom.inventory_reading import InventoryUnreadable, read_inventory
from repository.packages.errors import ItemUnreadable
from repository.packages.package import open_package
from storage.digests import pieces
from storage.errors import ArchiveError, Text


class InventoryNotRead(ArchiveError):
    code = "INV-004"
    exit_code = 2
    what = Text(
        en="The file is no inventory of EDM Archive, or not all of one.",
        pl="Plik nie jest spisem zawartości z EDM Archive albo nie jest kompletny.",
    )
    kept = Text(en="Nothing was checked.", pl="Niczego nie sprawdzono.")
    todo = Text(
        en="Make it anew: `edm-archive takeover inventory ID --purpose … --output FILE`.",
        pl="Utwórz go ponownie: `edm-archive takeover inventory ID --purpose … --output PLIK`.",
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """`missing`: SOP Instance UIDs of the images that are not there with these bytes, in the order of the inventory;
    `others`: how many files of the package it does not tell of, as documents are. `rejection`: why the package could
    not be looked into at all."""

    instances: int
    missing: tuple[str, ...]
    others: int
    rejection: Finding | None = None

    @property
    def whole(self) -> bool:
        return not self.missing and self.rejection is None


def check(inventory: BinaryIO, package: Path) -> Checked:
    """Every file of the package is read once. Raises `InventoryNotRead`, and what opening the package raises."""
    try:
        told = [(each.sop_instance, each.sha256, each.size) for each in read_inventory(inventory)]
    except InventoryUnreadable:
        raise InventoryNotRead from None
    wanted = {(digest, size) for _, digest, size in told}
    found: set[tuple[bytes, int]] = set()
    others = 0
    with open_package(package) as opened:
        for item in opened.items():
            if item.disposition is not Disposition.PENDING:
                continue  # not there, or not to be opened
            try:
                with opened.open(item.path) as stream:
                    known = _digest(stream)
            except ItemUnreadable:
                continue
            if known in wanted:
                found.add(known)
            else:
                others += 1
        rejection = opened.rejection
    missing = tuple(uid for uid, digest, size in told if (digest, size) not in found)
    return Checked(len(told), missing, others, rejection)


def _digest(stream: BinaryIO) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    for piece in pieces(stream):
        digest.update(piece)
        size += len(piece)
    return digest.digest(), size
