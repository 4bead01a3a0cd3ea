"""What was stored and never acknowledged is deleted; nothing else ever is."""

from pathlib import Path

import pytest

from repository.evidence.errors import LogError
from repository.upkeep.errors import ReapingRefused
from repository.upkeep.reaping import Orphan, orphans, reap
from repository.upkeep.rebuilding import rebuild
from tests.builders.archives_at_rest import AtRest, bare_package
from tests.builders.catalogues import empty_catalogue
from tests.builders.cda import clinical_document
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore
from tests.repository.upkeep.scene import EVERY_LEVEL, OPENED, places, report, rich

pytestmark = pytest.mark.requirement("R463-7.3")


def listed(archive: AtRest) -> list[Orphan]:
    with archive.open() as opened:
        return list(orphans(opened))


def reaped(archive: AtRest) -> set[str]:
    with archive.open() as opened:
        return {orphan.key for orphan in reap(opened)}


def test_a_whole_archive_has_none(two: AtRest) -> None:
    everything = two.store.names()
    assert listed(two) == []
    assert reaped(two) == set()
    assert two.store.names() == everything


def test_left_over_packs_and_keys_are_reaped(two: AtRest) -> None:
    place = rich(two)
    left = {place.pack.key[:-2] + "zz", "takeovers/01a1ffe7-0000-7000-8000-000000000000/" + "0" * 32}
    for key in left:
        two.store.overwrite(key, b"left over")
    with two.open() as opened:
        opened.vault.record_keys.make()
    known = set(two.store.names()) - left
    gone = reaped(two)
    assert gone - left == {key for key in known if key not in two.store.names()}
    assert len(gone) == 3
    assert listed(two) == []
    for level in EVERY_LEVEL:
        assert report(two, level).whole


@pytest.mark.parametrize("writes", [3, 4, 5, 6, 7])
def test_a_takeover_that_is_open_keeps_its_own_until_it_goes_on(archive: AtRest, tmp_path: Path, writes: int) -> None:
    package = bare_package(tmp_path / "p", {f"{n}.xml": clinical_document(n) for n in range(3)})
    with pytest.raises(Crash):
        archive.receive(package, store=CrashingStore(archive.store, Countdown(writes, after=True)))
    left = listed(archive)
    assert {orphan.open_takeover for orphan in left} == {True}
    before = archive.store.names()
    assert reaped(archive) == set()
    assert archive.store.names() == before
    archive.receive(package)
    assert {orphan.key.partition("/")[0] for orphan in listed(archive)} == {"keys"}  # of the run that was cut off
    reaped(archive)
    assert listed(archive) == []
    assert report(archive, OPENED).whole


def test_nothing_is_reaped_by_a_catalogue_that_went_back(archive: AtRest, tmp_path: Path) -> None:
    old = archive.database.read_bytes()
    archive.receive(bare_package(tmp_path / "p", {"a.txt": b"acknowledged since"}))
    archive.database.write_bytes(old)
    everything = archive.store.names()
    assert listed(archive) != []
    with pytest.raises(LogError):
        reaped(archive)
    assert archive.store.names() == everything


def test_nothing_is_reaped_by_an_empty_catalogue(archive: AtRest, tmp_path: Path) -> None:
    everything = archive.store.names()
    with archive.open(catalogue=empty_catalogue(tmp_path / "e.sqlite")) as opened, pytest.raises(LogError):
        reap(opened)
    assert archive.store.names() == everything


def test_an_object_that_could_not_be_read_when_the_catalogue_was_rebuilt_is_not_reaped(
    archive: AtRest, tmp_path: Path
) -> None:
    """Its key object may come back from a copy, and with it what it holds."""
    place = rich(archive)
    key = next(name for name in archive.store.names("keys/") if place.pack.record_key in name)
    good = archive.store.content(key)
    archive.store.delete(key)
    with archive.open(catalogue=empty_catalogue(tmp_path / "1.sqlite")) as opened:
        rebuild(opened, opened.catalogue, progress=lambda _: None)
        with pytest.raises(ReapingRefused):
            reap(opened)
    archive.store.overwrite(key, good)
    with archive.open(catalogue=empty_catalogue(tmp_path / "2.sqlite")) as opened:
        assert rebuild(opened, opened.catalogue, progress=lambda _: None).findings == []
        assert reap(opened) == []
    assert report(archive, OPENED).whole
    assert place in places(archive)
