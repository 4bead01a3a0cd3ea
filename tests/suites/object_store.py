"""What every object store does, whatever it is made of. A subclass gives `store`, and `neighbour`: the same place
opened a second time, as another process would."""

import io
import random
import threading
from collections.abc import Iterator

import pytest

from storage.errors import ObjectExists, ObjectMissing, SealBroken
from storage.objects.port import CreateOnly, ObjectStore
from storage.objects.qualify import qualify

CONTENT = random.Random(1).randbytes(150_001)


class ObjectStoreSuite:
    big = 40 * 1024 * 1024 + 3  # bytes: past one request of S3

    def shared(self, store: ObjectStore) -> ObjectStore:
        """`store` as threads that write at once get it."""
        return store

    def test_what_is_put_is_read_back_byte_for_byte(self, store: ObjectStore) -> None:
        stored = store.put("takeovers/t1/one", [CONTENT[:10], CONTENT[10:11], b"", CONTENT[11:]])
        assert stored.size == len(CONTENT)
        assert store.stat("takeovers/t1/one") == stored
        assert read(store, "takeovers/t1/one") == CONTENT

    def test_parts_may_be_of_any_kind_and_of_any_number(self, store: ObjectStore) -> None:
        store.put("kinds", [bytearray(b"ab"), memoryview(b"cd"), b"", memoryview(bytearray(b"ef"))])
        assert read(store, "kinds") == b"abcdef"
        store.put("many", [bytes([i % 251]) for i in range(3_000)])
        assert read(store, "many") == bytes(i % 251 for i in range(3_000))

    def test_a_producer_may_use_one_buffer_again_and_again(self, store: ObjectStore) -> None:
        def parts() -> Iterator[memoryview]:
            buffer = bytearray(1000)
            for turn in range(5):
                buffer[:] = bytes([turn]) * 1000
                yield memoryview(buffer)[: 1000 - turn]

        store.put("reused", parts())
        assert read(store, "reused") == b"".join(bytes([turn]) * (1000 - turn) for turn in range(5))

    @pytest.mark.parametrize("parts", [[], [b""], [b"", b""]])
    def test_an_empty_object_is_an_object(self, store: ObjectStore, parts: list[bytes]) -> None:
        assert store.put("empty", parts).size == 0
        assert store.stat("empty").size == 0
        assert read(store, "empty") == b""
        with pytest.raises(ObjectExists):
            store.put("empty", [b"x"])
        with pytest.raises(SealBroken):
            read(store, "empty", offset=0, length=1)

    def test_an_object_that_is_there_is_never_changed(self, store: ObjectStore, neighbour: ObjectStore) -> None:
        store.put("log/checkpoint/1", [b"first"])
        for other in (store, neighbour):
            with pytest.raises(ObjectExists) as refusal:
                other.put("log/checkpoint/1", [b"later and longer"])
            assert refusal.value.fields == {"key": "log/checkpoint/1"}
        for other in (store, neighbour):
            assert read(other, "log/checkpoint/1") == b"first"
            assert other.stat("log/checkpoint/1").size == 5
            assert [found.size for found in other.list("log/")] == [5]

    def test_of_many_writers_of_one_name_one_wins(self, store: ObjectStore, neighbour: ObjectStore) -> None:
        others = [store, neighbour] if store.capabilities.create_only is CreateOnly.ATOMIC else [store, store]
        for turn in range(4):
            winners = race(others, f"race/{turn}", writers=8)
            assert len(winners) == 1
            assert read(store, f"race/{turn}") == read(neighbour, f"race/{turn}") == b"writer %d" % winners[0]

    def test_a_large_object_is_whole_and_never_changed(self, store: ObjectStore) -> None:
        block = random.Random(2).randbytes(1 << 20)

        def parts() -> Iterator[bytes]:
            for start in range(0, self.big, len(block)):
                yield block[: min(len(block), self.big - start)]

        stored = store.put("large", parts())
        assert stored == store.stat("large")
        assert stored.size == self.big
        with store.open("large") as reader:
            for part in parts():
                assert reader.read(len(part)) == part
            assert reader.read(1) == b""
        assert read(store, "large", offset=16 * (1 << 20) - 3, length=7) == block[-3:] + block[:4]
        with pytest.raises(ObjectExists):
            store.put("large", parts())

    def test_a_producer_that_fails_leaves_nothing(self, store: ObjectStore) -> None:
        def parts(before: int) -> Iterator[bytes]:
            for _ in range(before):
                yield bytes(1 << 20)
            raise OSError(5, "the source cannot be read")

        for before in (0, 1, 18):
            with pytest.raises(OSError, match="the source cannot be read"):
                store.put("half", parts(before))
            with pytest.raises(ObjectMissing):
                store.stat("half")
        assert list(store.list()) == []
        store.put("half", [b"whole"])

    @pytest.mark.parametrize(
        ("offset", "length"), [(0, None), (0, 1), (1, 1), (0, 150_001), (150_000, 1), (70_000, 65_537), (99_999, None)]
    )
    def test_a_range_is_exact(self, store: ObjectStore, offset: int, length: int | None) -> None:
        store.put("ranged", [CONTENT])
        assert (
            read(store, "ranged", offset=offset, length=length)
            == CONTENT[offset : len(CONTENT) if length is None else offset + length]
        )

    @pytest.mark.parametrize(("offset", "length"), [(0, 0), (3, 0), (10, 0), (10, None)])
    def test_a_range_of_nothing_is_empty(self, store: ObjectStore, offset: int, length: int | None) -> None:
        store.put("ten", [b"0123456789"])
        assert read(store, "ten", offset=offset, length=length) == b""

    @pytest.mark.parametrize(("offset", "length"), [(0, 11), (9, 2), (10, 1), (11, 0), (11, None), (400, 3)])
    def test_a_range_past_the_end_is_a_broken_seal_and_no_fault_that_passes(
        self, store: ObjectStore, offset: int, length: int | None
    ) -> None:
        store.put("ten", [b"0123456789"])
        with pytest.raises(SealBroken):
            read(store, "ten", offset=offset, length=length)

    def test_a_reader_is_an_ordinary_binary_file(self, store: ObjectStore) -> None:
        store.put("file", [CONTENT])
        with store.open("file", offset=1, length=100_000) as reader:
            assert reader.read(3) == CONTENT[1:4]
            into = bytearray(70_000)
            assert reader.readinto(into) == len(into)  # type: ignore[attr-defined]
            assert into == CONTENT[4:70_004]
            assert reader.read() == CONTENT[70_004:100_001]
            assert reader.read() == b""
        assert reader.closed
        with store.open("file") as reader:
            assert reader.read(5) == CONTENT[:5]  # left half-read: the next request must not meet the rest
        assert read(store, "file", offset=7, length=2) == CONTENT[7:9]

    def test_what_was_never_put_is_missing(self, store: ObjectStore) -> None:
        store.put("there/and/deep", [b"x"])
        for name in ("never", "there", "there/and", "there/and/deep/er", "there/an"):
            with pytest.raises(ObjectMissing) as missing:
                store.stat(name)
            assert missing.value.fields == {"key": name}
            for offset, length in ((0, None), (0, 0), (3, 4)):
                with pytest.raises(ObjectMissing):
                    read(store, name, offset=offset, length=length)

    def test_names_are_listed_in_the_order_of_their_characters(self, store: ObjectStore) -> None:
        names = ["a-b", "a.b", "a/-", "a/b-c", "a/b.c", "a/b/c", "a/b0", "a0", "a_", "aa/b", "b"]
        for name in random.Random(3).sample(names, len(names)):
            store.put(name, [name.encode()])
        assert names == sorted(names)
        assert [(found.key, found.size) for found in store.list()] == [(name, len(name)) for name in names]
        for prefix in ("", "a", "a/", "a/b", "a/b/", "a/b/c", "zz", "a.b"):
            for after in ("", "a", "a/", "a/b", "a/b/c", "a-b", "a/bb", "b", "zz"):
                listed = [found.key for found in store.list(prefix, after=after)]
                assert listed == [name for name in names if name.startswith(prefix) and name > after], (prefix, after)

    def test_deleting_twice_is_no_error_and_a_name_may_then_be_used(self, store: ObjectStore) -> None:
        store.put("keys/k/1", [b"secret"])
        store.put("keys/k/10", [b"other"])
        for _ in range(2):
            store.delete("keys/k/1")
        for missing in (store.stat, store.open):
            with pytest.raises(ObjectMissing):
                missing("keys/k/1")
        assert [found.key for found in store.list()] == ["keys/k/10"]
        store.delete("keys/l/1")
        assert read(store, "keys/k/10") == b"other"
        store.put("keys/k/1", [b"again"])
        assert read(store, "keys/k/1") == b"again"

    @pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", ".", "a/../b", "A", "ż", "a b", "a\n", "x" * 256])
    def test_a_name_outside_the_alphabet_is_a_bug_of_the_caller(self, store: ObjectStore, name: str) -> None:
        for wrong in (lambda: store.put(name, [b"x"]), lambda: store.open(name), lambda: store.delete(name)):
            with pytest.raises(ValueError, match="not an object name"):
                wrong()

    def test_a_range_before_the_beginning_is_a_bug_of_the_caller(self, store: ObjectStore) -> None:
        store.put("x", [b"x"])
        for offset, length in ((-1, None), (0, -1)):
            with pytest.raises(ValueError, match="not a range"):
                store.open("x", offset=offset, length=length)

    def test_many_threads_share_a_store(self, store: ObjectStore) -> None:
        failures: list[BaseException] = []
        store = self.shared(store)

        def work(thread: int) -> None:
            try:
                for turn in range(6):
                    name = f"threads/{thread}-{turn}"
                    store.put(name, [name.encode() * 100])
                    assert read(store, name) == name.encode() * 100
            except BaseException as failure:  # noqa: BLE001  told by the main thread
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(list(store.list("threads/"))) == 36

    def test_it_qualifies_and_nothing_of_the_trial_is_left(self, store: ObjectStore) -> None:
        results = qualify(store)
        assert len(results) == 10
        assert [(result.name, result.detail.en) for result in results if not result.passed] == []
        assert list(store.list()) == []


def read(store: ObjectStore, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
    """The whole range, taken in uneven pieces as callers do."""
    taken = io.BytesIO()
    with store.open(key, offset=offset, length=length) as reader:
        while piece := reader.read(60_001):
            taken.write(piece)
    return taken.getvalue()


def race(stores: list[ObjectStore], key: str, *, writers: int) -> list[int]:
    """The writers that were told they had written `key`, all having begun at once; stores are taken in turn."""
    winners: list[int] = []
    faults: list[BaseException] = []
    start = threading.Barrier(writers)

    def write(writer: int) -> None:
        start.wait()
        try:
            stores[writer % len(stores)].put(key, [b"writer %d" % writer])
            winners.append(writer)
        except ObjectExists:
            pass
        except BaseException as fault:  # noqa: BLE001  told by the main thread
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return winners
