"""Packs go into a store and members come out, whole and by range; anything moved or changed does not open."""

import os
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import RecordKeyMissing, SealBroken
from storage.objects.memory import MemoryStore
from storage.sealing.pack import HEADER, TRAILER, PackHeader, PackSealer, PackTrailer, SealedMember
from storage.vault import Stored, Vault
from tests.builders.rings import ARCHIVE, key_ring, vault_on
from tests.builders.warrants import EVERY

FOLDER = "takeovers/00000000-0000-7000-8000-000000000001"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_on(MemoryStore(), key_ring(tmp_path))


def put(vault: Vault, *members: bytes, description: bytes = b"{}", whole: bool = True) -> Stored:
    sources = [[member] for member in members]
    return vault.put(
        FOLDER, vault.record_keys.make(), sources=sources, describe=lambda _id, _sealed: description, whole=whole
    )


def raw(vault: Vault, key: str) -> bytes:
    with vault.store.open(key) as stream:
        return stream.read()


def overwrite(vault: Vault, key: str, content: bytes) -> None:
    vault.store.delete(key)
    vault.store.put(key, [content])
    vault.forget(key)


@pytest.mark.parametrize("whole", [True, False])
def test_members_come_out_as_they_went_in(vault: Vault, whole: bool) -> None:
    contents = [b"", b"x", os.urandom(16_384), os.urandom(100_000)]
    stored = put(vault, *contents, whole=whole)
    assert [b"".join(vault.open(stored.key, member, warrant=EVERY)) for member in stored.members] == contents


def test_nothing_of_the_content_can_be_seen_in_the_store(vault: Vault) -> None:
    stored = put(vault, b"Kowalska^Anna" * 100, description=b'{"name":"Kowalska"}')
    assert b"Kowalska" not in raw(vault, stored.key)
    assert stored.key.startswith(FOLDER)


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=40_000), min_size=1, max_size=4), st.data())
def test_any_range_of_any_member_can_be_read(contents: list[bytes], data: st.DataObject) -> None:
    with memory_vault() as vault:
        stored = put(vault, *contents)
        which = data.draw(st.integers(0, len(contents) - 1))
        start = data.draw(st.integers(0, len(contents[which])))
        length = data.draw(st.integers(0, len(contents[which]) - start))
        found = b"".join(
            vault.open_range(stored.key, stored.members[which], offset=start, length=length, warrant=EVERY)
        )
        assert found == contents[which][start : start + length]


class memory_vault:  # noqa: N801  reads as a word where it is used
    def __enter__(self) -> Vault:
        import tempfile

        self._folder = tempfile.TemporaryDirectory()
        return vault_on(MemoryStore(), key_ring(Path(self._folder.name)))

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def test_a_pack_tells_what_it_is(vault: Vault) -> None:
    stored = put(vault, b"one", b"two", description=b'{"v":1}')
    told = vault.inscription(stored.key, size=stored.pack.size)
    assert (told.text, told.members, told.pack) == (b'{"v":1}', 2, stored.pack)


def test_stored_bytes_are_covered_by_digests_without_gap(vault: Vault) -> None:
    stored = put(vault, b"one", b"two" * 9000)
    spans = [*stored.members, stored.pack.description]
    assert spans[0].offset == HEADER
    for before, after in pairwise(spans):
        assert before.offset + before.length == after.offset
    assert spans[-1].offset + spans[-1].length + TRAILER == stored.pack.size == len(raw(vault, stored.key))


def test_swapped_objects_do_not_open(vault: Vault) -> None:
    one, two = put(vault, b"first"), put(vault, b"other")
    content_one, content_two = raw(vault, one.key), raw(vault, two.key)
    overwrite(vault, one.key, content_two)
    overwrite(vault, two.key, content_one)
    for stored in (one, two):
        with pytest.raises(SealBroken, match="another place"):
            list(vault.open(stored.key, stored.members[0], warrant=EVERY))


def test_swapped_members_of_one_object_do_not_open(vault: Vault) -> None:
    stored = put(vault, b"a" * 50, b"b" * 50)
    first, second = stored.members
    data = bytearray(raw(vault, stored.key))
    a, b = slice(first.offset, first.offset + first.length), slice(second.offset, second.offset + second.length)
    data[a], data[b] = data[b], data[a]
    overwrite(vault, stored.key, bytes(data))
    for member in stored.members:
        with pytest.raises(SealBroken):
            list(vault.open(stored.key, member, warrant=EVERY))


def test_a_description_is_not_taken_for_a_member(vault: Vault) -> None:
    stored = put(vault, b"item", description=b"description")
    with pytest.raises(SealBroken):
        list(vault.open(stored.key, stored.pack.description, warrant=EVERY))


def test_every_single_byte_of_a_pack_is_watched(vault: Vault) -> None:
    stored = put(vault, b"short", description=b"d")
    sound = raw(vault, stored.key)
    for index in range(len(sound)):
        damaged = bytearray(sound)
        damaged[index] ^= 0x80
        overwrite(vault, stored.key, bytes(damaged))
        with pytest.raises(RecordKeyMissing if 40 <= index < 56 else SealBroken):  # whose record key it is: FORMAT.md
            read_all(vault, stored)


def read_all(vault: Vault, stored: Stored) -> None:
    """All that is in a pack, and its frame: what `verify` at its highest level looks at."""
    list(vault.open(stored.key, stored.members[0], warrant=EVERY))
    if vault.inscription(stored.key, size=stored.pack.size).pack != stored.pack:
        raise SealBroken(key=stored.key, reason="its frame was changed")


def test_an_erased_record_key_makes_its_members_unreadable(vault: Vault) -> None:
    record_key = vault.record_keys.make()
    stored = vault.put(FOLDER, record_key, sources=[[b"gone"]], describe=lambda _id, _sealed: b"{}", whole=True)
    vault.record_keys.destroy(record_key.id)
    vault.forget(stored.key)
    with pytest.raises(RecordKeyMissing):
        list(vault.open(stored.key, stored.members[0], warrant=EVERY))
    with pytest.raises(RecordKeyMissing):
        vault.inscription(stored.key, size=stored.pack.size)


def test_a_streamed_pack_needs_little_memory(vault: Vault) -> None:
    import tracemalloc

    size = 64 << 20

    def parts() -> Iterator[bytes]:
        for _ in range(size >> 20):
            yield bytes(1 << 20)

    class Sink(MemoryStore):
        def put(self, key, parts):  # type: ignore[no-untyped-def]
            total = sum(len(part) for part in parts)
            return super().put(key, [total.to_bytes(8)])

    sink = vault_on(Sink(), vault.record_keys._provider)  # type: ignore[arg-type]
    key = sink.record_keys.make()
    tracemalloc.start()
    sink.put(FOLDER, key, sources=[parts()], describe=lambda _id, _sealed: b"{}", whole=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: b"X" + raw[1:],
        lambda raw: raw[:116] + b"\1" + raw[117:],
        lambda raw: raw[:8] + bytes(16) + raw[24:],
    ],
)
def test_a_header_is_read_strictly(vault: Vault, spoil) -> None:  # type: ignore[no-untyped-def]
    object_id = uuid.uuid4()
    header = PackSealer(ARCHIVE, vault.record_keys.make(), object_id=object_id).header()
    assert PackHeader.parse(header, archive=ARCHIVE, object_id=object_id).object_id == object_id
    with pytest.raises(SealBroken):
        PackHeader.parse(spoil(header), archive=ARCHIVE, object_id=object_id)


@given(st.binary(min_size=0, max_size=40))
def test_no_other_bytes_are_a_trailer(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        PackTrailer.parse(noise, size=1000, name="x")


def test_a_member_outside_of_its_object_is_damage(vault: Vault) -> None:
    stored = put(vault, b"item")
    with pytest.raises(SealBroken):
        list(vault.open(stored.key, SealedMember(stored.pack.size - 10, 100, b""), warrant=EVERY))


SIZES = st.sampled_from([0, 1, 100, 8192, 16_383, 16_384, 16_385, 300_000, 524_288, 1_048_500, 1_048_577, 2_500_000])


@settings(max_examples=25, deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=12), st.data())
def test_neighbours_come_out_in_one_reading(sizes: list[int], data: st.DataObject) -> None:
    with memory_vault() as vault:
        contents = [os.urandom(size) for size in sizes]
        stored = put(vault, *contents)
        first = data.draw(st.integers(0, len(sizes) - 1))
        last = data.draw(st.integers(first, len(sizes) - 1))
        run = vault.open_run(stored.key, stored.members[first : last + 1], warrant=EVERY)
        assert [b"".join(each) for each in run] == contents[first : last + 1]


@pytest.mark.parametrize("sizes", [[8192] * 200, [300_000] * 5, [1_500_000] * 3])
@pytest.mark.parametrize("where", [0, -1])
def test_of_neighbours_those_before_a_changed_one_come_out(vault: Vault, sizes: list[int], where: int) -> None:
    contents = [os.urandom(size) for size in sizes]
    stored = put(vault, *contents)
    changed, damaged = bytearray(raw(vault, stored.key)), len(sizes) // 2
    member = stored.members[damaged]
    changed[member.offset if where == 0 else member.offset + member.length - 1] ^= 1
    overwrite(vault, stored.key, bytes(changed))
    found: list[bytes] = []
    with pytest.raises(SealBroken):
        found.extend(map(b"".join, vault.open_run(stored.key, stored.members, warrant=EVERY)))
    assert found == contents[:damaged]


def test_neighbours_in_an_object_that_ends_early_do_not_open(vault: Vault) -> None:
    stored = put(vault, *[os.urandom(8192)] * 20)
    overwrite(vault, stored.key, raw(vault, stored.key)[: stored.members[10].offset + 5])
    with pytest.raises(SealBroken):
        list(map(list, vault.open_run(stored.key, stored.members, warrant=EVERY)))
