"""Bytes are hashed as they pass, and pass unchanged."""

import hashlib
import os
import threading
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.digests import PIECE, Aside, Digesting, pieces


@given(st.lists(st.binary(max_size=50)))
def test_what_passes_is_hashed_and_counted(parts: list[bytes]) -> None:
    passing = Digesting(parts, algorithms=("md5", "sha256", "sha512"))
    whole = b"".join(passing)
    assert whole == b"".join(parts)
    assert (passing.size, passing.digest()) == (len(whole), hashlib.sha256(whole).digest())
    assert passing.hexdigests() == {name: hashlib.new(name, whole).hexdigest() for name in ("md5", "sha256", "sha512")}


@given(st.binary(max_size=60), st.integers(0, 80))
def test_pieces_end_at_the_length_asked_for(content: bytes, length: int) -> None:
    stream = BytesIO(content)
    assert b"".join(pieces(stream, length=length)) == content[:length]
    assert stream.read() == content[length:]


def test_pieces_are_never_larger_than_a_piece() -> None:
    assert [len(part) for part in pieces(BytesIO(bytes(PIECE * 2 + 1)))] == [PIECE, PIECE, 1]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3 * Aside.WORTH), max_size=5))
def test_what_is_hashed_aside_has_the_same_digest(sizes: list[int]) -> None:
    aside, digest, parts = Aside(2), hashlib.sha256(), [os.urandom(size) for size in sizes]
    for part in parts:
        aside.update(digest, part)()
    assert digest.digest() == hashlib.sha256(b"".join(parts)).digest()
    both = hashlib.sha256()
    aside.update(both, *parts)()
    assert both.digest() == digest.digest()
    aside.close()


def test_no_thread_hashes_on_after_it_is_closed() -> None:
    aside, digest = Aside(1), hashlib.sha256()
    hashed = aside.update(digest, bytes(Aside.WORTH))
    aside.close()
    hashed()
    assert digest.digest() == hashlib.sha256(bytes(Aside.WORTH)).digest()
    assert not [each for each in threading.enumerate() if each.name.startswith("hashing")]
    aside.update(digest, bytes(Aside.WORTH))()
    aside.close()


def test_what_cannot_be_hashed_is_told_to_whoever_waits_and_the_thread_goes_on() -> None:
    aside, digest, content = Aside(1), hashlib.sha256(), bytes(Aside.WORTH)
    failing = aside.update(digest, content, "no bytes")  # type: ignore[arg-type]  # that is what fails
    going_on = aside.update(digest, content)
    for _ in range(2):
        with pytest.raises(TypeError):
            failing()
    going_on()
    assert digest.digest() == hashlib.sha256(2 * content).digest()
    aside.close()


@pytest.mark.parametrize("started", [0, 1])
def test_where_no_thread_can_be_started_those_that_are_there_hash_or_whoever_asks(
    started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a container may have no more processes: threads are counted with them."""
    start, left = threading.Thread.start, iter(range(started))

    def starting(thread: threading.Thread) -> None:
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    def digest_by(aside: Aside) -> bytes:
        digest = hashlib.sha256()
        aside.update(digest, content)()
        return digest.digest()

    content = bytes(Aside.WORTH)
    expected, aside = hashlib.sha256(content).digest(), Aside(2)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", starting)
        assert digest_by(aside) == expected
    assert digest_by(aside) == expected  # they are asked for again
    assert len(aside._threads) == (started or 2)
    aside.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("hashing")]
