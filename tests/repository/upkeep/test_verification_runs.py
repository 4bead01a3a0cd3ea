"""A verification as a run: whole archives are called whole, a pause loses nothing, a silent store is no damage."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.findings import Finding
from repository.intake import Order, receive
from repository.upkeep.comparing import differences
from repository.upkeep.pace import Pace
from repository.upkeep.rotating import rotate
from repository.upkeep.verifying import PHASES, VerifyOrder, verify
from storage.errors import StoreFull
from tests.builders.archives_at_rest import AtRest, at_rest, bare_package
from tests.builders.cda import clinical_document
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore, FalteringStore
from tests.repository.upkeep.scene import EVERY_LEVEL, EXISTS, OPENED, SEALED, closing, places, report, rich

pytestmark = pytest.mark.requirement("R463-7.4")


def assert_whole(archive: AtRest) -> None:
    for level in EVERY_LEVEL:
        said = report(archive, level)
        assert said.findings == (), level
        assert said.whole


def test_an_undamaged_archive_yields_nothing_at_any_level(two: AtRest) -> None:
    assert_whole(two)
    known = places(two)
    for level in EVERY_LEVEL:
        tally = report(two, level).tally
        assert tally.objects == len(known)
        assert tally.items == sum(len(place.holdings) for place in known)
        bundles = two.rows("SELECT coalesce(sum(size), 0) FROM journal_bundle")[0][0]
        assert tally.bytes == (0 if level is EXISTS else sum(place.pack.size for place in known) + bundles)
        assert tally.unchecked == 0


def test_an_empty_archive_is_whole(tmp_path: Path) -> None:
    assert_whole(at_rest(tmp_path))


def test_an_archive_is_whole_after_rotation(archive: AtRest) -> None:
    with archive.open() as opened:
        rotate(opened, progress=lambda _: None)
    assert_whole(archive)


def test_one_takeover_alone_can_be_verified(two: AtRest) -> None:
    place = next(each for each in places(two) if each.takeover.number == 2 and each.holdings)
    two.store.delete(place.pack.key)
    mine = {p.takeover.number: p.takeover.id for p in places(two)}
    assert report(two, SEALED, takeover=mine[1]).findings == ()
    assert [each.subject for each in report(two, SEALED, takeover=mine[2]).findings] == [place.name]


@pytest.mark.parametrize("writes", [1, 2, 4, 6, 8, 10])
def test_an_unfinished_takeover_is_whole_before_and_after_it_goes_on(
    tmp_path: Path, archive: AtRest, writes: int
) -> None:
    package = bare_package(tmp_path / "package", {f"{n}.txt": b"%d" % n for n in range(4)})
    with pytest.raises(Crash):
        archive.receive(package, store=CrashingStore(archive.store, Countdown(writes, after=True)))
    for level in EVERY_LEVEL:
        said = report(archive, level)
        assert {each.code for each in said.findings} <= {"VFY-STRAY"}
        assert said.whole
    archive.receive(package)
    assert_whole_but_for_strays(archive)


def assert_whole_but_for_strays(archive: AtRest) -> None:
    for level in EVERY_LEVEL:
        assert {each.code for each in report(archive, level).findings} <= {"VFY-STRAY"}, level


@pytest.mark.parametrize("level", EVERY_LEVEL)
def test_a_run_cut_into_the_smallest_pieces_ends_and_says_the_same(two: AtRest, level: str) -> None:
    two.store.delete(rich(two).pack.key)
    two.sql("UPDATE patient SET sex = 'X' WHERE takeover = 2")
    two.sql("DELETE FROM custody_event WHERE takeover = 1 AND kind = 'validation'")
    at_once = report(two, level)  # type: ignore[arg-type]
    sessions = 0
    while True:
        sessions += 1
        assert sessions < 200
        piece = report(two, level, max_seconds=1e-9)  # type: ignore[arg-type]
        if piece.complete:
            break
        assert not piece.whole
    assert sessions > 5
    assert piece.run != at_once.run
    told = replace(piece.tally, deeds=at_once.tally.deeds)  # each session that opens something is accounted for
    assert (told, piece.findings) == (at_once.tally, at_once.findings)


def test_a_run_goes_on_where_a_crash_left_it(two: AtRest) -> None:
    first = report(two, SEALED, max_seconds=1e-9)
    assert not first.complete
    with two.open() as opened, pytest.raises(ZeroDivisionError):
        verify(opened, VerifyOrder(level=SEALED), progress=lambda _: 1 // 0)
    last = report(two, SEALED)
    assert last.run == first.run
    assert last.whole
    assert last.tally.objects == len(places(two))


def test_a_run_of_another_order_is_another_run(two: AtRest) -> None:
    said = [
        report(two, SEALED, max_seconds=1e-9),
        report(two, EXISTS),
        report(two, SEALED, sample=(1, 2)),
        report(two, SEALED, restart=True),
        report(two, SEALED),
    ]
    assert [each.complete for each in said] == [False, True, True, True, True]
    assert len({each.run for each in said}) == len(said)


@settings(max_examples=3, deadline=None)
@given(parts=st.sampled_from((2, 3, 7)))
def test_samples_cover_everything_once(whole: AtRest, parts: int) -> None:
    read = [report(whole, SEALED, sample=(part, parts)).tally for part in range(1, parts + 1)]
    everything = report(whole, SEALED).tally
    assert sum(tally.bytes for tally in read) == everything.bytes
    assert {tally.objects for tally in read} == {everything.objects}


def test_harm_in_the_other_parts_of_a_sample_is_found_in_theirs(archive: AtRest) -> None:
    place = rich(archive)
    raw = archive.store.content(place.pack.key)
    archive.store.overwrite(place.pack.key, raw[:-1] + bytes((raw[-1] ^ 1,)))
    said = [report(archive, SEALED, sample=(part, 3)).findings for part in (1, 2, 3)]
    assert sorted(map(len, said)) == [0, 0, 1]


def test_a_store_that_does_not_answer_is_no_damage(archive: AtRest) -> None:
    place = rich(archive)
    for level, times in ((SEALED, 1), (OPENED, 2)):
        store = FalteringStore(archive.store, lambda key: key == place.pack.key)
        said = report(archive, level, store=store)
        assert {(each.code, each.subject) for each in said.findings} == {("VFY-UNCHECKED", place.name)}
        assert (said.damage, said.whole, said.complete) == ((), False, True)
        assert said.tally.unchecked == times  # its bytes, and its description
    assert report(archive, SEALED).whole


@pytest.mark.parametrize("silent", ["takeovers/", "keys/", "log/"])
def test_a_part_of_the_store_that_does_not_answer_is_no_damage(archive: AtRest, silent: str) -> None:
    for level in EVERY_LEVEL:
        said = report(archive, level, store=FalteringStore(archive.store, lambda key: key.startswith(silent)))
        assert {each.code for each in said.findings} == {"VFY-UNCHECKED"}
        assert said.complete
        assert said.tally.unchecked > 0
        assert not said.whole


def test_the_closing_that_cannot_be_read_just_now_accuses_nobody(archive: AtRest) -> None:
    place = closing(archive)
    said = report(archive, OPENED, store=FalteringStore(archive.store, lambda key: key == place.pack.key))
    assert {(each.code, each.subject) for each in said.findings} == {("VFY-UNCHECKED", place.name)}


def test_a_fault_that_will_not_pass_is_raised(archive: AtRest) -> None:
    class Full(FalteringStore):
        def _answer(self, key: str) -> None:
            if self._fails(key):
                raise StoreFull

    place = rich(archive)
    with pytest.raises(StoreFull):
        report(archive, SEALED, store=Full(archive.store, lambda key: key == place.pack.key))


def test_what_is_found_is_told_once_however_often_it_is_found(archive: AtRest) -> None:
    archive.store.delete(rich(archive).pack.key)
    with archive.open() as opened:
        for _ in range(3):
            verify(opened, VerifyOrder(level=SEALED, max_seconds=1e-9), progress=lambda _: None)
    said = report(archive, SEALED)
    assert len(said.findings) == 1


def test_progress_tells_of_every_object(two: AtRest) -> None:
    seen: list[int] = []
    with two.open() as opened:
        verify(opened, VerifyOrder(level=SEALED), progress=lambda tally: seen.append(tally.objects))
    assert seen == list(range(1, len(places(two)) + 1))
    assert PHASES == ("objects", "keys", "catalogue", "journal", "log")


class Hands:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=40), st.integers(1, 5_000))
def test_reading_is_never_faster_than_allowed(sizes: list[int], rate: int) -> None:
    hands = Hands()
    pace = Pace(rate, clock=lambda: hands.now, sleep=hands.sleep)
    for done, size in enumerate(sizes):
        pace.spend(size)
        assert hands.now * rate >= sum(sizes[:done]) * (1 - 1e-9)
    assert hands.now <= sum(sizes) / rate * (1 + 1e-9)


def test_time_that_passed_without_reading_is_not_saved_up() -> None:
    hands = Hands()
    pace = Pace(100, clock=lambda: hands.now, sleep=hands.sleep)
    pace.spend(100)
    hands.now = 1000.0
    pace.spend(100)
    pace.spend(100)
    assert hands.slept == [1.0]


def test_no_limit_never_waits() -> None:
    hands = Hands()
    Pace(0, clock=lambda: hands.now, sleep=hands.sleep).spend(1 << 60)
    assert hands.slept == []


def test_the_limit_reaches_the_reader(archive: AtRest, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands()
    monkeypatch.setattr(
        "repository.upkeep.verifying.Pace", lambda rate: Pace(rate, clock=lambda: hands.now, sleep=hands.sleep)
    )
    read = report(archive, SEALED, bytes_per_second=1000).tally.bytes
    frames = 160 * len(places(archive))  # header and trailer are not counted
    slept = hands.now
    assert 0 < slept <= read / 1000
    assert read - frames > 100_000
    assert slept >= (read - frames) / 1000 - 70  # all but the last piece was waited for


@pytest.mark.parametrize("every", [1, 2, 64])
def test_nothing_that_was_found_is_lost_when_the_cursor_is_saved(
    two: AtRest, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.upkeep.verifying._SAVED_EVERY", every)
    strays = {place.pack.key[:-1] + "z" for place in places(two)}
    for key in strays:
        two.store.overwrite(key, b"something")
    assert len([each for each in report(two, EXISTS).findings if each.code == "VFY-STRAY"]) == len(strays)


def test_a_takeover_that_is_going_on_is_not_called_damaged(archive: AtRest, tmp_path: Path) -> None:
    """Verified after each commit, and between the reading of the descriptions and the comparison with them."""
    package = bare_package(tmp_path / "p", {f"{n}.xml": clinical_document(n) for n in range(5)})
    said: list[str] = []

    def look(_progress: object) -> None:
        said.extend(each.code for each in report(archive, OPENED).findings)

    with archive.open() as opened:
        receive(opened, Order(package), progress=look)
    assert set(said) <= {"VFY-STRAY"}
    assert report(archive, OPENED).whole


@pytest.mark.parametrize("writes", [3, 5, 7])
def test_a_takeover_that_goes_on_while_it_is_compared_is_left_to_the_next_run(
    archive: AtRest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    package = bare_package(tmp_path / "p", {f"{n}.xml": clinical_document(n) for n in range(5)})
    with pytest.raises(Crash):
        archive.receive(package, store=CrashingStore(archive.store, Countdown(writes, after=True)))

    def meanwhile(*args: Any, **named: Any) -> Iterator[Finding]:
        archive.receive(package)
        return differences(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr("repository.upkeep.retelling.differences", meanwhile)
        assert {each.code for each in report(archive, OPENED).findings} <= {"VFY-STRAY"}
    assert report(archive, OPENED).whole
