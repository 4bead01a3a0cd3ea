"""The statement of a takeover: counted from the items, checked against the rows of kept bytes (R463-6.1)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from repository.canonical import canonical
from repository.domain.statement import CountCheck, Statement, Tally
from repository.domain.takeover import STORED, Disposition, Item


@dataclass(slots=True)
class _Counting:
    """Counters that become a `Tally`."""

    lots: dict[Disposition, int] = field(default_factory=lambda: dict.fromkeys(Disposition, 0))
    declared: int = 0
    present: int = 0
    declared_not_present: int = 0
    present_not_declared: int = 0
    conflicting: int = 0
    is_bag: bool = False
    in_data: tuple[int, int] = (0, 0)  # items and bytes found below data/
    in_all: tuple[int, int] = (0, 0)

    def add(self, item: Item) -> None:
        there = item.size >= 0
        self.lots[item.disposition] += 1
        self.declared += item.declared
        self.present += there
        self.declared_not_present += item.declared and not there
        self.present_not_declared += there and not item.declared
        self.conflicting += bool(item.conflicts_with)
        self.is_bag |= item.path == "bagit.txt"
        if there:
            self.in_all = (self.in_all[0] + 1, self.in_all[1] + item.size)
            if item.path.startswith("data/"):
                self.in_data = (self.in_data[0] + 1, self.in_data[1] + item.size)

    def tally(self, *, holdings: int, holding_bytes: int) -> Tally:
        payload_items, payload_bytes = self.in_data if self.is_bag else self.in_all
        return Tally(
            declared=self.declared,
            present=self.present,
            kept=self.lots[Disposition.KEPT],
            altered=self.lots[Disposition.ALTERED],
            unexpected=self.lots[Disposition.UNEXPECTED],
            duplicate=self.lots[Disposition.DUPLICATE],
            missing=self.lots[Disposition.MISSING],
            refused=self.lots[Disposition.REFUSED],
            conflicting=self.conflicting,
            declared_not_present=self.declared_not_present,
            present_not_declared=self.present_not_declared,
            holdings=holdings,
            holding_bytes=holding_bytes,
            payload_items=payload_items,
            payload_bytes=payload_bytes,
        )


def balance(
    items: Iterable[Item],
    *,
    holdings: int,
    holding_bytes: int,
    declared_counts: Mapping[str, int],
    found_counts: Mapping[str, int],
) -> Statement:
    """The statement over all items, read once in the order of the listing.

    `found_counts` are counted by the catalogue, items and bytes here; only what the producer declared is compared.
    """
    counting, exceptions, digest = _Counting(), [], hashlib.sha256()
    for item in items:
        counting.add(item)
        digest.update(_line(item))
        if item.disposition is not Disposition.KEPT or item.conflicts_with:
            exceptions.append(item)
    tally = counting.tally(holdings=holdings, holding_bytes=holding_bytes)
    found = {**found_counts, "items": tally.payload_items, "bytes": tally.payload_bytes}
    checks = tuple(
        CountCheck(name, declared, found[name]) for name, declared in sorted(declared_counts.items()) if name in found
    )
    return Statement(tally, checks, tuple(exceptions), digest.hexdigest())


def _line(item: Item) -> bytes:
    """One line of the canonical listing: `items_sha256` is the SHA-256 of all of them."""
    return (
        canonical(
            {
                "ordinal": item.ordinal,
                "path": item.path,
                "size": item.size,
                "declared": item.declared,
                "disposition": item.disposition.value,
                "duplicate_of": item.duplicate_of,
                "conflicts_with": item.conflicts_with,
                "stored": item.disposition in STORED,
            }
        )
        + b"\n"
    )
