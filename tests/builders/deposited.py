"""What must hold of an open takeover that several have pushed into at one time."""

from repository.domain.takeover import Disposition
from repository.runtime import open_archive
from repository.settings import Settings
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.homes import assert_no_orphans


def assert_all_there(home: Settings, *, of: int, own: int, same: int) -> None:
    """`of` clients have each pushed `own` images, and `same` that all of them have, of three patients in all."""
    with open_archive(home) as archive:
        (live,) = archive.catalogue.takeovers()
        items = list(archive.catalogue.items(live.number))
        assert sorted(each.ordinal for each in items) == list(range(1, of * (own + same) + 1))
        counts = archive.catalogue.counts(live.number)
        assert (counts.holdings, counts.patients) == (of * own + same, 3)
        duplicates = [each for each in items if each.disposition is Disposition.DUPLICATE]
        assert len(duplicates) == (of - 1) * same
        assert not any(each.conflicts_with for each in items)
        assert_no_orphans(archive, live)
        assert list(archive.log.audit()) == []
        assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
