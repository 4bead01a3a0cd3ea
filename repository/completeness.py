"""Whether the trail is whole: up to which deed a checkpoint covers it, and whether each opening of bytes has its
account. Asking is itself an attempt, with its account."""

from dataclasses import dataclass
from itertools import islice

from repository.findings import Finding
from repository.journal import complete_up_to
from repository.opening import Errand
from repository.reports.asking import ask_generally
from repository.runtime import Archive
from repository.upkeep.gaps import Compared, gaps

MOST_TOLD = 1000  # one gap is enough to know


@dataclass(frozen=True, slots=True)
class Completeness:
    """Deeds 1 to `complete_up_to` are under the checkpoint over `checkpoint_size` entries; `last` is the last one.
    `gaps` are openings on this machine that have no account."""

    complete_up_to: int
    checkpoint_size: int
    last: int
    openings: int
    accounted: int
    gaps: tuple[Finding, ...]


def completeness(archive: Archive, errand: Errand) -> Completeness:
    """Raises `AccessRefused`."""
    ask_generally(archive, errand)
    (complete, size), last = complete_up_to(archive), archive.catalogue.journal.size()
    compared = Compared()
    found = tuple(islice(gaps(archive, compared=compared), MOST_TOLD))
    return Completeness(complete, size, last, compared.openings, compared.accounted, found)
