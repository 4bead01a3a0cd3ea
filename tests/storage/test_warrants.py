"""Leave to open, and the ledger of what was opened."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import OpeningRefused, StoreRefused
from storage.keys.protection import by_key_file, new_key_file
from storage.keys.record_keys import RecordKeys
from storage.keys.ring import KeyRing
from storage.objects.memory import MemoryStore
from storage.vault import Stored, Vault
from storage.warrants import NONE, SUFFIX, Ledger, Warrant, openings


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Vault, Stored, Path]]:
    """A vault with a ledger, and a pack of two members in it."""
    archive = uuid.uuid4()
    ring = KeyRing.create(tmp_path / "keys", archive=archive, protection=by_key_file(new_key_file()))
    store = MemoryStore()
    ledger = Ledger(tmp_path / "openings")
    vault = Vault(store, RecordKeys(store, ring, archive=archive), archive=archive, openings=ledger)
    stored = vault.put(
        "takeovers/t", vault.record_keys.make(), sources=([b"one"], [b"two"]), describe=lambda *_: b"{}", whole=True
    )
    yield vault, stored, tmp_path / "openings"
    vault.close()


def test_without_a_warrant_for_the_object_nothing_is_opened(kept: tuple[Vault, Stored, Path]) -> None:
    vault, stored, folder = kept
    member = stored.members[0]
    for warrant in (NONE, Warrant(0, ("",)), Warrant(-1, ("",)), Warrant(7, ()), Warrant(7, ("takeovers/other/",))):
        with pytest.raises(OpeningRefused):
            list(vault.open(stored.key, member, warrant=warrant))
        with pytest.raises(OpeningRefused):
            list(vault.open_range(stored.key, member, offset=0, length=1, warrant=warrant))
        with pytest.raises(OpeningRefused):
            vault.sha256_opened(stored.key, member.offset, [], warrant=warrant)
    assert list(openings(folder)) == []


def test_each_opening_is_in_the_ledger_before_the_bytes_are_there(kept: tuple[Vault, Stored, Path]) -> None:
    vault, stored, folder = kept
    reading = vault.open(stored.key, stored.members[0], warrant=Warrant(3, (stored.key,)))
    assert list(openings(folder)) == []
    assert next(reading) == b"one"
    assert list(openings(folder)) == [(3, stored.key)]
    assert b"".join(vault.open(stored.key, stored.members[1], warrant=Warrant(3, (stored.key,)))) == b"two"
    assert list(openings(folder)) == [(3, stored.key)]  # the same again
    list(vault.open_range(stored.key, stored.members[1], offset=1, length=1, warrant=Warrant(4, ("takeovers/t/",))))
    assert list(openings(folder)) == [(3, stored.key), (4, stored.key)]


def test_what_cannot_be_written_down_is_not_opened(kept: tuple[Vault, Stored, Path]) -> None:
    vault, stored, folder = kept
    folder.write_text("a file where the folder should be")
    with pytest.raises(StoreRefused):
        list(vault.open(stored.key, stored.members[0], warrant=Warrant(3, ("takeovers/t/",))))


def test_threads_and_processes_lose_no_line(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path) for _ in range(2)]

    def work(number: int) -> None:
        for place in range(200):
            ledgers[number % 2].note(Warrant(number, ("k",)), f"k/{place}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [(number, f"k/{place}") for number in range(1, 9) for place in range(200)]
    assert sorted(set(openings(tmp_path))) == sorted(every)
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == 2
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())
    for ledger in ledgers:
        ledger.close()


@given(st.binary(max_size=200))
def test_a_ledger_that_was_damaged_is_read_to_its_end(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    (folder / f"1{SUFFIX}").write_bytes(b"5 a\n" + content)
    found = list(openings(folder))
    assert found[0] == (5, "a")
    assert len(found) == 1 + content.count(b"\n")
    assert all(number >= 0 for number, _ in found)
