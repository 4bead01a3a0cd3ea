"""A new root key: stopped anywhere and run again, everything opens, and only by the new one."""

from pathlib import Path
from uuid import UUID

import pytest

from repository.upkeep.rotating import rotate
from storage.errors import KeyUnavailable, StorageError
from storage.keys.ring import KeyRing
from storage.sealing.pack import SealedMember
from tests.builders.archives_at_rest import AtRest
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore
from tests.builders.warrants import EVERY
from tests.repository.upkeep.scene import OPENED, SEALED, places, report

pytestmark = pytest.mark.requirement("R463-7.3")


def contents(archive: AtRest) -> dict[tuple[str, int], bytes]:
    """Every item, opened."""
    with archive.open() as opened:
        return {
            (place.takeover.id, holding.ordinal): b"".join(
                opened.vault.open(
                    place.pack.key, SealedMember(holding.location.offset, holding.location.length, b""), warrant=EVERY
                )
            )
            for place in places(archive)
            for holding in place.holdings
        }


def epochs(archive: AtRest) -> set[str]:
    return {name.rpartition(".")[2] for name in archive.store.names("keys/")}


def test_every_record_key_moves_and_no_payload_does(archive: AtRest) -> None:
    before, packs = contents(archive), {key: archive.store.content(key) for key in archive.store.names("takeovers/")}
    seen: list[int] = []
    with archive.open() as opened:
        done = rotate(opened, progress=seen.append)
    keys = archive.store.names("keys/")
    assert (done.epoch, done.moved, done.destroyed) == (2, len(keys), (1,))
    assert seen == list(range(1, len(keys) + 1))
    assert epochs(archive) == {"2"}
    assert {key: archive.store.content(key) for key in archive.store.names("takeovers/")} == packs
    assert contents(archive) == before
    with archive.open() as opened:
        again = rotate(opened, progress=lambda _: None)
    assert (again.epoch, again.destroyed, epochs(archive)) == (3, (2,), {"3"})


@pytest.mark.parametrize("after", [False, True])
def test_a_rotation_stopped_at_any_change_is_finished_by_the_next(small: AtRest, tmp_path: Path, after: bool) -> None:
    before = contents(small)
    for change in range(1, 100):
        archive = small.copy(tmp_path / f"{change}")
        countdown = Countdown(change, after=after)
        try:
            with archive.open(store=CrashingStore(archive.store, countdown)) as opened:
                rotate(opened, progress=lambda _: None)
        except Crash:
            assert contents(archive) == before
            with archive.open() as opened:
                done = rotate(opened, progress=lambda _: None)
            assert done.epoch == 2  # the one that was begun, not another
            assert epochs(archive) == {"2"}
            assert contents(archive) == before
            assert report(archive, SEALED).whole
        else:
            assert countdown.done == 2 * len(archive.store.names("keys/"))
            break
    else:
        pytest.fail("it never ended")


def test_a_rotation_stopped_between_store_and_ring_is_finished(
    archive: AtRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_ring: KeyRing, _epoch: int) -> None:
        raise Crash

    with monkeypatch.context() as patched, archive.open() as opened:
        patched.setattr(KeyRing, "destroy_epoch", stopped)
        with pytest.raises(Crash):
            rotate(opened, progress=lambda _: None)
    with archive.open() as opened:
        assert list(opened.ring.epochs) == [1, 2]
        assert rotate(opened, progress=lambda _: None).destroyed == (1,)
        assert list(opened.ring.epochs) == [2]
    assert report(archive, OPENED).whole


def test_key_objects_from_an_old_copy_do_not_open_any_more(archive: AtRest) -> None:
    """What erases a patient: without the old root key, a copy of the old key object is of no use."""
    old = {key: archive.store.content(key) for key in archive.store.names("keys/")}
    with archive.open() as opened:
        rotate(opened, progress=lambda _: None)
    for key in archive.store.names("keys/"):
        archive.store.delete(key)
    for key, content in old.items():
        archive.store.overwrite(key, content)
    place = next(each for each in places(archive) if each.holdings)
    with archive.open() as opened:
        with pytest.raises(KeyUnavailable):
            opened.vault.record_keys.open(UUID(hex=place.pack.record_key))
        with pytest.raises(KeyUnavailable):
            opened.vault.inscription(place.pack.key, size=place.pack.size)
    for key, content in old.items():  # nor under the name of the new epoch
        archive.store.delete(key)
        archive.store.overwrite(key.rpartition(".")[0] + ".2", content)
    with archive.open() as opened, pytest.raises(StorageError):
        opened.vault.record_keys.open(UUID(hex=place.pack.record_key))


def test_a_useless_key_object_from_an_old_copy_does_not_stop_the_next_rotation(archive: AtRest) -> None:
    key = archive.store.names("keys/")[0]
    old = archive.store.content(key)
    with archive.open() as opened:
        rotate(opened, progress=lambda _: None)
        opened.vault.record_keys.destroy(UUID(hex=key.rpartition("/")[2].partition(".")[0]))
    archive.store.overwrite(key, old)
    with archive.open() as opened:
        done = rotate(opened, progress=lambda _: None)
    assert (done.epoch, done.moved) == (3, len(archive.store.names("keys/")) - 1)
    assert archive.store.content(key) == old


def test_a_damaged_key_object_keeps_the_old_root_key_alive(archive: AtRest) -> None:
    """Nothing is destroyed that may still be needed when the key object comes back from a copy."""
    before = contents(archive)
    key = archive.store.names("keys/")[1]
    good = archive.store.content(key)
    archive.store.overwrite(key, good[:-1] + bytes((good[-1] ^ 1,)))
    with archive.open() as opened, pytest.raises(StorageError):
        rotate(opened, progress=lambda _: None)
    with archive.open() as opened:
        assert 1 in opened.ring.epochs
    archive.store.overwrite(key, good)
    with archive.open() as opened:
        rotate(opened, progress=lambda _: None)
    assert contents(archive) == before
    assert epochs(archive) == {"2"}
