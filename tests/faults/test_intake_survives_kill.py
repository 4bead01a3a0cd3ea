"""kill -9 at each step of an intake: run again, it is concluded, and nothing is lost, doubled or left over."""

from dataclasses import replace
from pathlib import Path

import pytest

from repository.intake import Order, receive
from repository.samples.building import build_sample
from repository.settings import Settings
from storage.keys.record_keys import PREFIX
from tests.builders.homes import assert_whole, at_home, new_home
from tests.faults.dying import Death, killed

PACK, KEY = "takeovers/", PREFIX
LAST = -1  # resolved by a rehearsal: the closing pack

DEATHS = [
    Death("before the takeover is opened", "catalogue", "open_takeover"),
    Death("after the takeover is opened", "catalogue", "open_takeover", after=True),
    Death("after the first record key", "store", "put", KEY, after=True),
    Death("before the opening is stored", "store", "put", PACK),
    Death("after the opening is stored", "store", "put", PACK, after=True),
    Death("inside the commit of the opening", "catalogue", "record", "capture", inside=True),
    Death("after the commit of the opening", "catalogue", "record", "capture", after=True),
    Death("inside the commit of the listing", "catalogue", "list_items", inside=True),
    Death("after the listing", "catalogue", "list_items", after=True),
    Death("after the second record key", "store", "put", KEY, call=2, after=True),
    Death("before the first pack is stored", "store", "put", PACK, call=2),
    Death("after the first pack is stored", "store", "put", PACK, call=2, after=True),
    Death("after the third pack is stored", "store", "put", PACK, call=4, after=True),
    Death("inside the commit of the first packs", "catalogue", "record", call=2, inside=True),
    Death("after the commit of the first packs", "catalogue", "record", call=2, after=True),
    Death("inside the settling of duplicates", "catalogue", "settle", inside=True),
    Death("after the settling of duplicates", "catalogue", "settle", after=True),
    Death("before it is received", "catalogue", "move"),
    Death("after it is received", "catalogue", "move", after=True),
    Death("inside the move to balanced", "catalogue", "move", call=2, inside=True),
    Death("after it is balanced", "catalogue", "move", call=2, after=True),
    Death("before the log is published", "log", "publish"),
    Death("after the first bundle of entries", "store", "put", "log/tile/entries", after=True),
    Death("between tiles and the claim", "store", "put", "log/next/"),
    Death("between the claim and the checkpoint", "store", "put", "log/checkpoint/"),
    Death("between the checkpoint and its note", "store", "put", "log/checkpoint/", after=True),
    Death("after the first publishing", "log", "publish", after=True),
    Death("before the closing pack is stored", "store", "put", PACK, call=LAST),
    Death("after the closing pack is stored", "store", "put", PACK, call=LAST, after=True),
    Death("before the closing is recorded", "catalogue", "record", "ingestion end"),
    Death("inside the commit of the closing", "catalogue", "record", "ingestion end", inside=True),
    Death("between the closing and the last move", "catalogue", "record", "ingestion end", after=True),
    Death("inside the last move", "catalogue", "move", call=3, inside=True),
    Death("after the last move", "catalogue", "move", call=3, after=True),
    Death("between the last checkpoint and its note", "store", "put", "log/checkpoint/", call=2, after=True),
    Death("before the protocol is printed", "nobody", ""),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Altered, missing, unexpected, doubled and conflicting items among sound ones."""
    folder = tmp_path_factory.mktemp("packages") / "sample"
    build_sample(folder, patients=2, images=2, damage=True)
    return folder


@pytest.fixture(scope="module")
def packs(package: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many packs an intake of the package stores that nobody disturbs."""
    with at_home(new_home(tmp_path_factory.mktemp("rehearsal"))) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        assert_whole(archive, takeover, package)
        return archive.catalogue.counts(takeover.number).packs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return new_home(tmp_path)


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_killed_at_any_step_an_intake_goes_on_where_it_stopped(
    settings: Settings, package: Path, packs: int, death: Death
) -> None:
    assert killed(settings, package, replace(death, call=packs) if death.call == LAST else death)
    assert_goes_on(settings, package)


def assert_goes_on(settings: Settings, package: Path) -> None:
    with at_home(settings) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        assert_whole(archive, takeover, package)
        counts = archive.catalogue.counts(takeover.number)
        assert receive(archive, Order(package), progress=lambda _: None) == takeover
        assert archive.catalogue.counts(takeover.number) == counts
        assert len(archive.catalogue.takeovers()) == 1


def test_killed_again_and_again_it_ends_all_the_same(settings: Settings, package: Path) -> None:
    deaths = 0
    for put in range(1, 60):
        if not killed(settings, package, Death("again", "store", "put", call=put)):
            break
        deaths += 1
    assert deaths > 5
    assert_goes_on(settings, package)
