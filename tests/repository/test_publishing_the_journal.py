"""Deeds are sealed before a checkpoint covers them, and each can be proved to anybody."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repository import journal
from repository.catalogue.errors import DeedUnknown
from repository.evidence.errors import LogError, NotInLog, RecordMalformed
from repository.evidence.proof import check_record, parse
from repository.evidence.record import DeedRecord
from repository.journal import bundle_up, complete_up_to, journal_proof, note, note_all, publish
from repository.runtime import Archive
from repository.upkeep.bundles import opened_bundle
from repository.upkeep.reaping import orphans
from storage.objects.port import StoredObject
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.builders.deeds import OTHER, PERSON, SURNAME, account, some_of_each
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-10.1.3")


@pytest.fixture
def home(tmp_path: Path) -> AtRest:
    return at_rest(tmp_path / "archive")


@pytest.fixture
def archive(home: AtRest) -> Iterator[Archive]:
    with home.open() as opened:
        yield opened


def some(archive: Archive, count: int) -> None:
    note_all(archive, [("account", account(ordinal=place), "permitted") for place in range(count)])


def in_the_store(archive: Archive) -> dict[int, bytes]:
    """number → entry of every deed that a known bundle tells of."""
    bundles = archive.catalogue.journal.bundles()
    opened = [opened_bundle(archive.vault, StoredObject(row.key, row.size, row.version)) for row in bundles]
    assert [each.row for each in opened] == bundles
    return {deed.number: deed.entry for each in opened for deed in each.deeds}


def test_published_deeds_are_sealed_and_signed(archive: Archive) -> None:
    noted = note_all(archive, some_of_each())
    signed = publish(archive)
    assert signed.size == len(noted)
    assert in_the_store(archive) == {deed.number: deed.entry for deed in noted}
    assert archive.catalogue.journal.bundled() == len(noted)
    assert list(orphans(archive)) == []
    assert list(archive.log.audit()) == []


def test_nothing_is_made_where_no_deed_waits(archive: Archive) -> None:
    publish(archive)
    assert list(archive.store.list("journal/")) == list(archive.store.list("keys/")) == []
    some(archive, 1)
    signed = publish(archive)
    before = [held.key for held in archive.store.list()]
    assert publish(archive) == signed
    assert [held.key for held in archive.store.list()] == before


def test_many_deeds_make_several_bundles(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "IN_ONE", 4)
    some(archive, 10)
    assert bundle_up(archive) == 3
    assert [(row.first, row.last) for row in archive.catalogue.journal.bundles()] == [(1, 4), (5, 8), (9, 10)]
    assert set(in_the_store(archive)) == set(range(1, 11))
    assert len(list(archive.store.list("keys/"))) == 1  # one record key for all


def test_no_checkpoint_ever_covers_a_deed_that_no_bundle_holds(home: AtRest) -> None:
    """Deeds are noted while others publish: each checkpoint is checked against the bundles of that moment."""
    stop, uncovered = threading.Event(), list[int]()

    def keep_noting(archive: Archive) -> None:
        while not stop.is_set():
            note(archive, "account", account(), outcome="permitted")

    with home.open() as archive, ThreadPoolExecutor(2) as pool:
        noting = [pool.submit(keep_noting, archive) for _ in range(2)]
        try:
            for _ in range(12):
                committed = archive.catalogue.log_size()
                signed = publish(archive)
                assert signed.size >= committed
                known = archive.catalogue.journal
                uncovered += range(known.bundled() + 1, known.signed_up_to(signed.size) + 1)
        finally:
            stop.set()
        for each in noting:
            each.result()
    assert uncovered == []
    with home.open() as archive:
        assert publish(archive).size == archive.catalogue.log_size()


def test_several_that_publish_at_once_leave_nothing_over(home: AtRest) -> None:
    with home.open() as archive:
        some(archive, 30)

        def publishing(place: int) -> int:
            note(archive, "account", account(ordinal=place), outcome="permitted")
            return publish(archive).size

        with ThreadPoolExecutor(4) as pool:
            assert max(pool.map(publishing, range(12))) == 42
        assert set(in_the_store(archive)) == set(range(1, 43))
        assert [each.key for each in orphans(archive) if each.key.startswith("journal/")] == []
        assert list(archive.log.audit()) == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2, 3, 4, 5, 6])
def test_a_crash_at_any_write_is_made_good_by_the_next_publishing(home: AtRest, write: int, after: bool) -> None:
    with home.open() as archive:
        some(archive, 3)
    store = CrashingStore(home.store, Countdown(write, after=after))
    with home.open(store=store) as archive, pytest.raises(Crash):
        publish(archive)
    with home.open() as archive:
        some(archive, 1)
        assert publish(archive).size == 4
        assert set(in_the_store(archive)) == {1, 2, 3, 4}
        assert list(archive.log.audit()) == []


def test_a_catalogue_that_went_back_seals_nothing(home: AtRest) -> None:
    with home.open() as archive:
        some(archive, 2)
        publish(archive)
    old = home.database.read_bytes()
    with home.open() as archive:
        some(archive, 5)
        publish(archive)
    home.database.write_bytes(old)
    before = home.store.names()
    with home.open() as archive:
        some(archive, 1)
        with pytest.raises(LogError):
            publish(archive)
    assert home.store.names() == before


def test_each_deed_is_proved_to_whoever_has_the_public_key(archive: Archive) -> None:
    noted = note_all(archive, some_of_each())
    size = publish(archive).size
    some(archive, 2)
    later = publish(archive).size
    for deed in noted:
        for asked, under in ((None, later), (size, size)):
            shown = journal_proof(archive, deed.number, size=asked)
            checked = check_record(shown, [archive.log_key])
            assert isinstance(checked.record, DeedRecord)
            assert (checked.record.number, checked.record.event) == (deed.number, deed.kind)
            assert checked.checkpoint.size == under
            for secret in (SURNAME, PERSON["extension"], OTHER["extension"]):
                assert secret.encode() not in parse(shown).record


def test_a_deed_is_not_proved_by_a_checkpoint_that_does_not_cover_it(archive: Archive) -> None:
    some(archive, 2)
    with pytest.raises(NotInLog):
        journal_proof(archive, 1)
    size = publish(archive).size
    some(archive, 1)
    with pytest.raises(NotInLog):
        journal_proof(archive, 3)
    publish(archive)
    with pytest.raises(NotInLog):
        journal_proof(archive, 3, size=size)
    journal_proof(archive, 3)
    for number in (0, 4, -1):
        with pytest.raises(DeedUnknown):
            journal_proof(archive, number)


def test_up_to_where_the_trail_is_complete(archive: Archive) -> None:
    assert complete_up_to(archive) == (0, 0)
    some(archive, 3)
    assert complete_up_to(archive) == (0, 0)
    publish(archive)
    assert complete_up_to(archive) == (3, 3)
    some(archive, 2)
    assert complete_up_to(archive) == (3, 3)
    number, size = complete_up_to(archive)
    records = [check_record(journal_proof(archive, n, size=size), [archive.log_key]) for n in range(1, number + 1)]
    assert [each.record.number for each in records if isinstance(each.record, DeedRecord)] == [1, 2, 3]
    assert len({each.index for each in records}) == 3


def test_a_pack_under_the_journals_prefix_is_no_bundle(archive: Archive) -> None:
    key = archive.vault.record_keys.make()
    put = archive.vault.put("journal", key, sources=(), describe=lambda *_: b'{"deeds":[],"format":1}', whole=True)
    with pytest.raises(RecordMalformed):
        opened_bundle(archive.vault, StoredObject(put.key, put.pack.size))


def test_nobody_else_publishes_the_log() -> None:
    """Whoever called `archive.log.publish` by itself would sign deeds that are in no bundle."""
    root = Path(journal.__file__).parent.parent
    callers = {
        path.relative_to(root).as_posix()
        for part in ("repository", "cli")
        for path in (root / part).rglob("*.py")
        if "log.publish(" in path.read_text("utf-8")
    }
    assert callers == {"repository/journal.py"}
