"""kill -9 at each step of noting and publishing: what was noted is there, and a lost catalogue gives it back."""

from pathlib import Path

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.journal import complete_up_to, publish
from repository.runtime import assembled, secret_of, store_at
from repository.settings import Settings, read_home
from repository.upkeep.checking import Level
from repository.upkeep.reaping import reap
from repository.upkeep.rebuilding import Rebuilt, rebuild
from repository.upkeep.verifying import VerifyOrder, verify
from storage.keys.record_keys import PREFIX as KEY
from storage.keys.ring import KeyRing
from tests.builders.catalogues import empty_catalogue
from tests.builders.homes import at_home, new_home
from tests.faults.dying import Death, killed, noting

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-7.3")
DESK, BUNDLE = "catalogue.journal", "journal/"

DEATHS = [
    (Death("inside the commit of the deeds", DESK, "write", inside=True), 0),
    (Death("after the commit of the deeds", DESK, "write", after=True), 3),
    (Death("before the record key is made", "store", "put", KEY), 3),
    (Death("after the record key is made", "store", "put", KEY, after=True), 3),
    (Death("before the bundle is stored", "store", "put", BUNDLE), 3),
    (Death("between seal and note", "store", "put", BUNDLE, after=True), 3),
    (Death("inside the commit of the bundle", DESK, "note_bundle", inside=True), 3),
    (Death("between note and publish", DESK, "note_bundle", after=True), 3),
    (Death("after the first tile of entries", "store", "put", "log/tile/entries", after=True), 3),
    (Death("between the claim and the checkpoint", "store", "put", "log/checkpoint/"), 3),
    (Death("between the checkpoint and its note", "store", "put", "log/checkpoint/", after=True), 3),
]


def known(catalogue: Catalogue) -> list[object]:
    """The journal, where its lines are in the log, its bundles, and all that follows."""
    journal = catalogue.journal
    return [
        list(journal.lines(after=0, last=journal.size())),
        journal.bundles(),
        [(row.table, row.content) for row in journal.following()],
        catalogue.archive(),
    ]


def rebuilt(settings: Settings, folder: Path) -> tuple[list[object], Rebuilt]:
    home = read_home(settings.home)
    ring = KeyRing.load(settings.ring_path, secret=secret_of(settings))
    fresh, store = empty_catalogue(folder / "new.sqlite"), store_at(home, settings)
    try:
        archive = assembled(home, settings, store=store, ring=ring, catalogue=fresh)
        done = rebuild(archive, fresh, progress=lambda _: None)
        return known(fresh), done
    finally:
        fresh.close()
        store.close()


@pytest.mark.parametrize(("death", "noted"), DEATHS, ids=[str(death) for death, _ in DEATHS])
def test_killed_at_any_step_the_journal_is_whole_and_comes_back(tmp_path: Path, death: Death, noted: int) -> None:
    settings = new_home(tmp_path)
    assert killed(settings, tmp_path, death, work=noting)
    with at_home(settings) as archive:
        assert archive.catalogue.journal.size() == noted
        said = verify(archive, VerifyOrder(level=Level.SEALED), progress=lambda _: None)
        assert {each.code for each in said.findings} <= {"VFY-STRAY"}
        publish(archive)
        reap(archive)
        assert complete_up_to(archive) == (noted, noted)
        assert verify(archive, VerifyOrder(level=Level.SEALED), progress=lambda _: None).findings == ()
        before = known(archive.catalogue)
    again, done = rebuilt(settings, tmp_path)
    assert again == before
    assert done.findings == []


def test_nobody_disturbs(tmp_path: Path) -> None:
    settings = new_home(tmp_path)
    assert not killed(settings, tmp_path, Death("never", DESK, "write", call=99), work=noting)
    with at_home(settings) as archive:
        assert complete_up_to(archive) == (3, 3)
