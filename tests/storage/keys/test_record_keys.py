"""Record keys: made durable, found again, re-wrapped without moving payload, destroyed for good."""

import uuid
from pathlib import Path

import pytest

from storage.errors import RecordKeyMissing, SealBroken, StoreUnavailable
from storage.keys.record_keys import SIZE, RecordKeys, key_object_name
from storage.keys.ring import KeyRing
from storage.objects.memory import MemoryStore
from tests.builders.rings import ARCHIVE, key_ring


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return key_ring(tmp_path)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def keys_on(store: MemoryStore, ring: KeyRing) -> RecordKeys:
    return RecordKeys(store, ring, archive=ARCHIVE)


def test_a_key_is_found_again_by_another_process(store: MemoryStore, ring: KeyRing) -> None:
    made = keys_on(store, ring).make()
    assert keys_on(store, ring).open(made.id) == made


def test_the_secret_is_never_in_a_representation(store: MemoryStore, ring: KeyRing) -> None:
    made = keys_on(store, ring).make()
    assert made.secret.hex() not in repr(made)
    assert str(made.secret) not in repr(made)


def test_a_key_that_is_not_there_is_named(store: MemoryStore, ring: KeyRing) -> None:
    with pytest.raises(RecordKeyMissing):
        keys_on(store, ring).open(uuid.uuid4())


def test_a_key_object_of_another_key_does_not_open(store: MemoryStore, ring: KeyRing) -> None:
    keys = keys_on(store, ring)
    one, two = keys.make(), keys.make()
    with store.open(key_object_name(one.id, 1)) as stream:
        alien = stream.read()
    assert len(alien) == SIZE
    store.delete(key_object_name(two.id, 1))
    store.put(key_object_name(two.id, 1), [alien])
    with pytest.raises(SealBroken):
        keys_on(store, ring).open(two.id)


def test_rotation_moves_every_key_and_leaves_no_old_object(store: MemoryStore, ring: KeyRing) -> None:
    keys = keys_on(store, ring)
    made = [keys.make() for _ in range(5)]
    ring.add_epoch()
    seen: list[int] = []
    assert keys.rewrap(seen.append) == 5
    ring.destroy_epoch(1)
    assert seen == [1, 2, 3, 4, 5]
    assert {epoch for _, epoch in keys.ids()} == {2}
    assert [keys_on(store, ring).open(key.id) for key in made] == made
    assert keys.rewrap() == 0


@pytest.mark.parametrize("writes", range(8))
def test_a_rotation_cut_off_anywhere_ends_when_run_again(ring: KeyRing, writes: int) -> None:
    class Failing(MemoryStore):
        left = 1 << 30

        def put(self, key, parts):  # type: ignore[no-untyped-def]
            self._spend()
            return super().put(key, parts)

        def delete(self, key: str) -> None:
            self._spend()
            super().delete(key)

        def _spend(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise StoreUnavailable(reason="cut off")

    store = Failing()
    keys = keys_on(store, ring)
    made = [keys.make() for _ in range(4)]
    ring.add_epoch()
    store.left = writes
    with pytest.raises(StoreUnavailable):
        keys.rewrap()
    store.left = 1 << 30
    assert [keys_on(store, ring).open(key.id) for key in made] == made
    keys.rewrap()
    assert sorted(keys.ids()) == sorted((key.id, 2) for key in made)


def test_a_destroyed_key_is_gone_for_every_process(store: MemoryStore, ring: KeyRing) -> None:
    keys = keys_on(store, ring)
    made = keys.make()
    keys.destroy(made.id)
    for held in (keys, keys_on(store, ring)):
        with pytest.raises(RecordKeyMissing):
            held.open(made.id)


def test_an_old_key_object_put_back_after_rotation_opens_nothing(store: MemoryStore, ring: KeyRing) -> None:
    keys = keys_on(store, ring)
    made = keys.make()
    with store.open(key_object_name(made.id, 1)) as stream:
        backup = stream.read()
    ring.add_epoch()
    keys.rewrap()
    ring.destroy_epoch(1)
    keys.destroy(made.id)
    store.put(key_object_name(made.id, 1), [backup])
    with pytest.raises(RecordKeyMissing):
        keys_on(store, ring).open(made.id)


def test_what_is_no_key_object_is_passed_over(store: MemoryStore, ring: KeyRing) -> None:
    keys = keys_on(store, ring)
    made = keys.make()
    for name in ("keys/readme.txt", "keys/ab/readme", f"keys/ab/{made.id.hex}.x"):
        store.put(name, [b"?"])
    assert list(keys.ids()) == [(made.id, 1)]
