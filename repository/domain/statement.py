"""The statement: declared against received, balanced to zero, every exception named (R463-6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from repository.domain.takeover import Item


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items fell to each lot. `conflicting` are among the stored ones; all other lots exclude each other."""

    declared: int = 0  # named by the package's manifests
    present: int = 0  # found in the package, readable or not
    kept: int = 0
    altered: int = 0
    unexpected: int = 0
    duplicate: int = 0
    missing: int = 0
    refused: int = 0
    conflicting: int = 0
    declared_not_present: int = 0  # of the missing
    present_not_declared: int = 0  # of all that was found
    holdings: int = 0  # rows of kept bytes
    holding_bytes: int = 0
    payload_items: int = 0  # found below data/ of a bag, or anywhere in a bare package: what a producer counts
    payload_bytes: int = 0

    @property
    def residue(self) -> Mapping[str, int]:
        """What is left when every lot is taken off; a statement balances when all are zero."""
        settled = self.kept + self.altered + self.unexpected + self.duplicate + self.missing + self.refused
        return {
            "declared": self.declared + self.present_not_declared - settled,
            "present": self.present + self.declared_not_present - settled,
            "holdings": self.kept + self.altered + self.unexpected - self.holdings,
        }

    @property
    def balances(self) -> bool:
        return not any(self.residue.values())


@dataclass(frozen=True, slots=True)
class CountCheck:
    """One count that the producer declared, beside the count found."""

    name: str
    declared: int
    found: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The balance of one takeover. `exceptions` are the items that are not simply kept, in order of the listing."""

    tally: Tally
    counts: tuple[CountCheck, ...]
    exceptions: tuple[Item, ...]
    items_sha256: str  # of the canonical listing of all items with their lot, so that the list can be held against it

    @property
    def counts_agree(self) -> bool:
        return all(check.declared == check.found for check in self.counts)
