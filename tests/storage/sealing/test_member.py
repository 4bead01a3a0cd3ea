"""Sealed members: our range reader and the library's whole reader against each other, and against damage."""

import os
from collections.abc import Iterator
from hashlib import sha256

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from hypothesis import example, given
from hypothesis import strategies as st

from storage.errors import SealBroken
from storage.sealing.member import (
    CHUNK,
    HEAD,
    SEALED_CHUNK,
    open_range,
    open_whole,
    plain_length,
    seal,
    sealed_length,
    sha256_opened,
)

KEY, CONTEXT = bytes(range(32)), b"a place"
EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 7]


def message(size: int) -> bytes:
    return bytes(index * 7 % 251 for index in range(size))


def sealed(size: int) -> bytes:
    return b"".join(seal(KEY, CONTEXT, [message(size)]))


def ranged(data: bytes, offset: int, length: int, *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    def fetch(start: int, count: int) -> Iterator[bytes]:
        for index in range(start, start + count, 1000):
            yield data[index : min(index + 1000, start + count)]

    return b"".join(open_range(key, context, fetch, sealed=len(data), offset=offset, length=length, name="x"))


@pytest.mark.parametrize("size", EDGES)
def test_what_is_sealed_opens_whole_in_the_library(size: int) -> None:
    decryptor = Cobblestone256Decryptor(KEY, CONTEXT)
    assert decryptor.update(sealed(size)) + decryptor.finalize() == message(size)


@pytest.mark.parametrize("size", EDGES)
def test_lengths_are_known_before_and_after(size: int) -> None:
    assert len(sealed(size)) == sealed_length(size)
    assert plain_length(sealed_length(size)) == size


@given(st.integers(0, 4 * CHUNK), st.data())
@example(CHUNK, None)
def test_any_range_of_a_library_message_is_what_was_sealed(size: int, data: st.DataObject | None) -> None:
    offset = data.draw(st.integers(0, size)) if data else 0
    length = data.draw(st.integers(0, size - offset)) if data else size
    assert ranged(sealed(size), offset, length) == message(size)[offset : offset + length]


@given(st.lists(st.integers(0, 3 * CHUNK), max_size=4))
def test_the_parts_in_which_a_message_comes_do_not_matter(sizes: list[int]) -> None:
    parts = [os.urandom(size) for size in sizes]
    whole = b"".join(seal(KEY, CONTEXT, parts))
    assert b"".join(open_whole(KEY, CONTEXT, [whole[:100], whole[100:]], name="x")) == b"".join(parts)


@given(st.integers(0, 3 * CHUNK), st.integers(1, 40_000))
def test_the_digest_of_a_message_is_that_of_its_bytes(size: int, step: int) -> None:
    whole = sealed(size)
    parts = [whole[at : at + step] for at in range(0, len(whole), step)]
    assert sha256_opened(KEY, CONTEXT, parts, name="x") == sha256(message(size)).digest()
    with pytest.raises(SealBroken):
        sha256_opened(KEY, CONTEXT, parts[:-1], name="x")


@given(st.sampled_from(EDGES), st.data())
def test_no_flipped_bit_opens(size: int, data: st.DataObject) -> None:
    damaged = bytearray(sealed(size))
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        list(open_whole(KEY, CONTEXT, [bytes(damaged)], name="x"))
    if place < HEAD or (place - HEAD) // SEALED_CHUNK <= (size - 1) // CHUNK:  # in a chunk that the range touches
        with pytest.raises(SealBroken):
            ranged(bytes(damaged), 0, size)


@pytest.mark.parametrize("size", EDGES)
def test_no_shorter_message_opens_whole(size: int) -> None:
    whole = sealed(size)
    for cut in {0, 1, HEAD, HEAD + 1, len(whole) - 1, len(whole) - 17, HEAD + SEALED_CHUNK} - {len(whole)}:
        if 0 <= cut < len(whole):
            with pytest.raises(SealBroken):
                list(open_whole(KEY, CONTEXT, [whole[:cut]], name="x"))


def test_a_length_that_no_message_has_is_refused() -> None:
    for wrong in (0, HEAD - 1, HEAD, HEAD + 15, HEAD + SEALED_CHUNK, HEAD + SEALED_CHUNK + 15):
        with pytest.raises(SealBroken):
            plain_length(wrong)


def test_another_key_or_place_does_not_open() -> None:
    data = sealed(100)
    for key, context in ((bytes(32), CONTEXT), (KEY, b"elsewhere")):
        with pytest.raises(SealBroken):
            list(open_whole(key, context, [data], name="x"))
        with pytest.raises(SealBroken):
            ranged(data, 0, 10, key=key, context=context)


def test_a_range_reads_only_the_chunks_that_it_touches() -> None:
    data, read = sealed(10 * CHUNK), []

    def fetch(start: int, count: int) -> list[bytes]:
        read.append((start, count))
        return [data[start : start + count]]

    opened = b"".join(open_range(KEY, CONTEXT, fetch, sealed=len(data), offset=3 * CHUNK + 5, length=CHUNK, name="x"))
    assert opened == message(10 * CHUNK)[3 * CHUNK + 5 : 4 * CHUNK + 5]
    assert read == [(0, HEAD), (HEAD + 3 * SEALED_CHUNK, 2 * SEALED_CHUNK)]


def test_a_range_outside_of_the_message_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="outside"):
        ranged(sealed(10), 5, 6)
