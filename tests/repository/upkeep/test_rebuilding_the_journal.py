"""A lost catalogue loses no deed that a checkpoint covers: journal and all that follows are made again, equal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repository.catalogue import projecting
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.projecting import PROJECTIONS
from repository.domain.deed import Deed
from repository.evidence.deeds import inscribe_deeds
from repository.evidence.record import entry
from repository.journal import FOLDER, bundle_up, complete_up_to, journal_proof, note, note_all, publish
from repository.upkeep.errors import ReapingRefused
from repository.upkeep.reaping import orphans, reap
from repository.upkeep.rebuilding import Rebuilt, rebuild
from repository.upkeep.rotating import rotate
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.archives_at_rest import AtRest, bare_package
from tests.builders.catalogues import new_catalogue
from tests.builders.deeds import account, maker
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore
from tests.peers.postgres import postgres
from tests.repository.upkeep.journal_scene import FIRST, SECOND, TAIL, bundle_names, following, subject, with_journal
from tests.repository.upkeep.scene import EVERY_LEVEL, OPENED, found, report

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-7.3")
Told = list[tuple[str, str, dict[str, str | int]]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    """Two bundles and a tail; the tail is published as a third."""
    archive = with_journal(tmp_path_factory.mktemp("journal"))
    with archive.open() as opened:
        publish(opened)
    return archive


@pytest.fixture
def archive(whole: AtRest, tmp_path: Path) -> AtRest:
    return whole.copy(tmp_path)


@contextmanager
def rebuilt(archive: AtRest, url: str) -> Iterator[tuple[Catalogue, Rebuilt]]:
    with archive.open(catalogue=new_catalogue(url)) as opened:
        yield opened.catalogue, rebuild(opened, opened.catalogue, progress=lambda _: None)


def told(done: Rebuilt) -> Told:
    return [(each.code, each.subject, dict(each.params)) for each in done.findings]


def assert_equal(archive: AtRest, url: str) -> None:
    with rebuilt(archive, url) as (fresh, done), archive.open() as opened:
        old = opened.catalogue
        assert done.findings == []
        assert list(fresh.journal.deeds()) == list(old.journal.deeds())
        assert fresh.journal.bundles() == old.journal.bundles()
        assert following(fresh) == following(old)
        places = [(line.number, line.log_index, line.entry) for line in fresh.journal.lines(after=0, last=99)]
        assert places == [(line.number, line.log_index, line.entry) for line in old.journal.lines(after=0, last=99)]
        assert fresh.archive() == old.archive()
        assert done.deeds == old.journal.size()
        assert (fresh.unclaimed(), list(fresh.unheld())) == (0, [])


def new(tmp_path: Path, name: str = "new") -> str:
    return f"sqlite:///{tmp_path}/{name}.sqlite"


def test_the_journal_is_made_again_equal(archive: AtRest, tmp_path: Path) -> None:
    assert_equal(archive, new(tmp_path))
    with archive.open(catalogue=open_catalogue(new(tmp_path))) as opened:
        assert verify(opened, VerifyOrder(level=OPENED), progress=lambda _: None).whole
        assert note(opened, "account", account(), outcome="permitted").number == opened.catalogue.journal.size()
        publish(opened)
        assert complete_up_to(opened)[0] == opened.catalogue.journal.size()
        journal_proof(opened, 1)


def test_the_journal_is_made_again_on_postgresql(archive: AtRest, tmp_path: Path) -> None:
    with postgres() as server, server.database() as url:
        assert_equal(archive, url)
        with archive.open(catalogue=open_catalogue(url)) as opened:
            note(opened, "account", account(), outcome="permitted")
            for level in EVERY_LEVEL:
                assert verify(opened, VerifyOrder(level=level), progress=lambda _: None).whole, tmp_path


def test_it_is_made_again_after_rotation(archive: AtRest, tmp_path: Path) -> None:
    with archive.open() as opened:
        rotate(opened, progress=lambda _: None)
        ((key,),) = archive.rows("SELECT value FROM archive WHERE name = 'journal_key'")
        assert next(name for name in archive.store.names("keys/") if key in name).endswith(".2")
    for level in EVERY_LEVEL:
        assert report(archive, level).whole
    with archive.open() as opened:
        publish(opened)
    assert_equal(archive, new(tmp_path))


@pytest.mark.parametrize("writes", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_of_publishing_loses_nothing_that_was_sealed(
    archive: AtRest, tmp_path: Path, writes: int, after: bool
) -> None:
    with archive.open() as opened:
        note(opened, "account", account(), outcome="permitted")
    store = CrashingStore(archive.store, Countdown(writes, after=after))
    with archive.open(store=store) as opened, pytest.raises(Crash):
        publish(opened)
    with rebuilt(archive, new(tmp_path)) as (fresh, done):
        sealed = writes > 1 or after
        assert fresh.journal.size() == TAIL + sealed
        assert {each.code for each in done.findings} <= {"RBD-JOURNAL-UNLOGGED"}
        assert (fresh.unclaimed(), list(fresh.unheld())) == (0, [])
    with archive.open() as opened:
        publish(opened)
    assert {code for code, _ in found(archive, OPENED)} <= {"VFY-STRAY"}
    with archive.open() as opened:
        reap(opened)
        publish(opened)
    assert found(archive, OPENED) == set()


def test_a_bundle_that_a_crash_left_unknown_does_not_matter(archive: AtRest, tmp_path: Path) -> None:
    """Its lines are in the next one as well; it is a stray to `verify` and an orphan to `reap`, and no more."""
    with archive.open() as opened:
        note(opened, "account", account(), outcome="permitted")
    with archive.open(store=CrashingStore(archive.store, Countdown(1, after=True))) as opened, pytest.raises(Crash):
        publish(opened)
    with archive.open() as opened:
        assert [each.open_takeover for each in orphans(opened)] == [True]  # lines wait: somebody may be at it
        note(opened, "account", account(), outcome="permitted")
        publish(opened)
        (left,) = orphans(opened)
        assert (left.key.startswith("journal/"), left.open_takeover) == (True, False)
    assert {code for code, _ in found(archive, OPENED)} == {"VFY-STRAY"}
    with archive.open() as opened:
        publish(opened)
    assert_equal(archive, new(tmp_path, "with"))
    with archive.open() as opened:
        assert [each.key for each in reap(opened)] == [left.key]
    assert_equal(archive, new(tmp_path, "without"))


@pytest.mark.parametrize("harm", ["gone", "broken"])
def test_a_gap_ends_the_journal_and_nothing_else(archive: AtRest, tmp_path: Path, harm: str) -> None:
    archive.receive(bare_package(tmp_path / "package", {"a.txt": b"a"}))
    key, name = bundle_names(archive)[1], subject(archive, 1)
    good = archive.store.content(key)
    archive.store.delete(key) if harm == "gone" else archive.store.overwrite(key, good[:90] + b"?" + good[91:])
    gap = ("RBD-JOURNAL-GAP", FOLDER, {"first": FIRST + 1, "last": SECOND})
    with rebuilt(archive, new(tmp_path)) as (fresh, done):
        unread = [("RBD-JOURNAL-UNREAD", name, {"reason": "STO-006"})] if harm == "broken" else []
        codes = told(done)
        assert [each[:2] for each in codes[: len(unread)]] == [each[:2] for each in unread]
        assert codes[len(unread)] == gap
        assert codes[-1][0] == "RBD-UNCLAIMED"
        assert fresh.journal.size() == FIRST
        assert [row.last for row in fresh.journal.bundles()] == [FIRST]
        assert done.takeovers == 1
    with archive.open(catalogue=open_catalogue(new(tmp_path))) as opened, pytest.raises(ReapingRefused):
        reap(opened)
    archive.store.overwrite(key, good)
    assert_equal(archive, new(tmp_path, "again"))


def forged(archive: AtRest, first: int, count: int) -> str:
    """A bundle of other deeds with numbers that are taken, as a catalogue that went back would seal."""
    with archive.open() as opened:
        deeds: list[Deed] = []
        for number in range(first, first + count):
            made = maker("account", account(ordinal=number + 100), "permitted")(number)
            record = made.record.replace(b"0193f3c0111172228333012345678901", opened.id.hex.encode())
            deeds.append(Deed(number, made.kind, made.at, made.outcome, made.body, record, entry(record)))
        key, text = opened.vault.record_keys.make(), inscribe_deeds(deeds)
        return opened.vault.put(FOLDER, key, sources=(), describe=lambda *_: text, whole=True).key


def test_where_two_bundles_differ_the_log_decides(archive: AtRest, tmp_path: Path) -> None:
    other = forged(archive, SECOND, 2)
    with rebuilt(archive, new(tmp_path)) as (fresh, done), archive.open() as opened:
        numbers = {"number": SECOND}, {"number": SECOND + 1}
        assert told(done) == [("RBD-JOURNAL-DIFFERS", FOLDER, each) for each in numbers]
        assert list(fresh.journal.deeds()) == list(opened.catalogue.journal.deeds())
        assert fresh.journal.bundles() == opened.catalogue.journal.bundles()
        assert following(fresh) == following(opened.catalogue)
    assert ("VFY-JOURNAL-TOLD", f"journal/object/{other.rpartition('/')[2]}") in found(archive, OPENED)
    with archive.open() as opened:  # evidence of something: it is not taken for left over
        assert other in {each.key for each in orphans(opened)}
        assert other not in {each.key for each in reap(opened)}
    assert other in archive.store.names()


def test_a_line_on_which_the_log_does_not_decide_ends_the_journal(archive: AtRest, tmp_path: Path) -> None:
    forged(archive, TAIL + 1, 1)
    forged(archive, TAIL + 1, 2)
    with rebuilt(archive, new(tmp_path)) as (fresh, done):
        assert told(done) == [("RBD-JOURNAL-DIFFERS", FOLDER, {"number": TAIL + 1})]
        assert fresh.journal.size() == TAIL


def test_lines_that_were_sealed_and_never_published_come_next_in_the_log(archive: AtRest, tmp_path: Path) -> None:
    with archive.open() as opened:
        deeds = note_all(opened, [("account", account(), "permitted")] * 3)
        bundle_up(opened)
    with rebuilt(archive, new(tmp_path)) as (fresh, done):
        assert told(done) == [("RBD-JOURNAL-UNLOGGED", FOLDER, {"first": TAIL + 1, "count": 3})]
        assert list(fresh.journal.deeds(after=TAIL)) == deeds
    with archive.open(catalogue=open_catalogue(new(tmp_path))) as opened:
        publish(opened)
        assert verify(opened, VerifyOrder(level=OPENED), progress=lambda _: None).whole


def test_a_kind_that_this_version_does_not_know_ends_the_journal(
    archive: AtRest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "PROJECTIONS", {k: v for k, v in PROJECTIONS.items() if k != "after-death"})
    with rebuilt(archive, new(tmp_path)) as (fresh, done):
        refused = 10
        assert told(done)[0] == ("RBD-JOURNAL-REFUSED", FOLDER, {"number": refused})
        assert fresh.journal.size() == refused - 1
