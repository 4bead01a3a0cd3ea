"""An open takeover is verified, reaped around and made again from the store like any other."""

from contextlib import closing
from pathlib import Path

from repository.domain.takeover import State, Takeover
from repository.journal import publish
from repository.runtime import Archive, assembled
from repository.settings import read_home
from repository.transfer.closing import close_transfer
from repository.transfer.opening import admitted_to
from repository.transfer.transfers import Transfers
from repository.upkeep.checking import Level
from repository.upkeep.reaping import reap
from repository.upkeep.rebuilding import rebuild
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.catalogues import empty_catalogue
from tests.builders.pushing import image, pacs, pushed


def test_it_verifies_whole_while_it_is_open(archive: Archive, takeover: Takeover, transfers: Transfers) -> None:
    pushed(archive, transfers, image(0), image(0), image(1), image(0, pixels=bytes(128)))
    publish(archive)
    assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []


def test_reaping_takes_nothing_of_it(archive: Archive, takeover: Takeover, transfers: Transfers) -> None:
    pushed(archive, transfers, image(0))
    there = {held.key for held in archive.store.list("takeovers/")}
    reap(archive)
    assert there <= {held.key for held in archive.store.list("takeovers/")}


def test_a_lost_catalogue_gives_it_back_and_it_goes_on(
    archive: Archive, takeover: Takeover, transfers: Transfers, tmp_path: Path
) -> None:
    first = pushed(archive, transfers, image(0), image(1), image(0, pixels=bytes(128)), image(0))
    publish(archive)
    with closing(empty_catalogue(tmp_path / "new.sqlite")) as fresh:
        home = read_home(archive.settings.home)
        again = assembled(home, archive.settings, store=archive.store, ring=archive.ring, catalogue=fresh)
        assert rebuild(again, fresh, progress=lambda _: None).findings == []
        known = fresh.takeover(takeover.id)
        assert (known.state, known.live) == (State.RECEIVING, True)
        assert fresh.counts(known.number).holdings == 3
        assert admitted_to(again, pacs(), door="test").takeover == takeover.id
        with Transfers(again) as going_on:
            (repeated,) = pushed(again, going_on, image(1))
            (new,) = pushed(again, going_on, image(1, instance=2))
        assert (repeated.duplicate_of, new.duplicate_of) == (first[1].ordinal, 0)
        ended = close_transfer(again, known)
        assert ended.state is State.ACCEPTED_WITH_EXCEPTIONS  # of the conflict
        assert list(verify(again, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
