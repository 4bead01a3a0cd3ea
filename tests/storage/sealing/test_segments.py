"""A run of sealed segments is read as the bytes that were written, from any place, or not at all."""

from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import SealBroken
from storage.sealing.member import CHUNK, seal
from storage.sealing.segments import INCOMING, Segment, Segments, cut, new_segment_key
from tests.builders.flushing import flushed

WHOLE = UUID(int=7)
KEY = bytes(range(32))


def written(folder: Path, pieces: list[bytes], *, key: bytes = KEY) -> bytes:
    start = 0
    for piece in pieces:
        segment = Segment(folder, start, key=key, whole=WHOLE)
        segment.write(piece[: len(piece) // 2])
        segment.write(piece[len(piece) // 2 :])
        segment.finish()
        start += len(piece)
    return b"".join(pieces)


def run(folder: Path, size: int, *, key: bytes = KEY, whole: UUID = WHOLE) -> Segments:
    return Segments(folder, size, key=key, whole=whole)


SIZES = st.one_of(st.integers(1, 50), st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]))


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(SIZES, min_size=1, max_size=4), places=st.lists(st.tuples(SIZES, SIZES), max_size=6))
def test_any_range_is_what_was_written_there(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], places: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("segments")
    content = written(folder, [bytes((n + i) % 251 for i in range(size)) for n, size in enumerate(sizes)])
    found = run(folder, len(content))
    assert b"".join(found.stream()) == content
    assert found.read_at(0, len(content) + 9) == content
    for offset, length in places:
        assert found.read_at(offset, length) == content[offset : offset + length]


def test_a_segment_is_flushed_before_it_has_its_name_and_the_name_before_it_is_acknowledged(tmp_path: Path) -> None:
    with flushed() as done:
        written(tmp_path, [b"abcd", b"ef"])
    first, second = f"{0:020d}", f"{4:020d}"
    assert done == [
        (tmp_path / INCOMING, frozenset()), (tmp_path, {first}),
        (tmp_path / INCOMING, frozenset()), (tmp_path, {first, second}),
    ]  # fmt: skip
    with flushed() as done:
        cut(tmp_path, 4)
    assert done == [(tmp_path, {first})]


def test_a_segment_is_a_message_of_the_specification_sealed_for_its_place(tmp_path: Path) -> None:
    """Any reader of C2SP chunked encryption opens it, under the context that FORMAT.md names."""
    place = b"edm-archive segment 1\0" + WHOLE.bytes + (4).to_bytes(8)
    (tmp_path / f"{4:020d}").write_bytes(b"".join(seal(KEY, place, [b"efgh"])))
    written(tmp_path, [b"abcd"])
    assert run(tmp_path, 8).read_at(0, 8) == b"abcdefgh"


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    content = written(tmp_path, [bytes([n]) * (2 * CHUNK + n) for n in range(1, 6)])
    found, wrong = run(tmp_path, len(content)), list[int]()

    def read(step: int) -> None:
        for offset in range(0, len(content), step):
            if found.read_at(offset, step) != content[offset : offset + step]:
                wrong.append(offset)

    threads = [Thread(target=read, args=(step,)) for step in (511, 4099, CHUNK, 3 * CHUNK)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_segment_in_the_place_of_another_or_of_another_whole_does_not_open(tmp_path: Path) -> None:
    content = written(tmp_path, [b"a" * 100, b"b" * 100])
    for wrong in (run(tmp_path, 200, whole=UUID(int=8)), run(tmp_path, 200, key=new_segment_key())):
        with pytest.raises(SealBroken):
            wrong.read_at(0, 1)
    first, second = sorted(tmp_path.iterdir())
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(SealBroken):
        run(tmp_path, 200).read_at(0, 100)
    with pytest.raises(SealBroken):
        b"".join(run(tmp_path, 200).stream())
    first.write_bytes(kept)
    assert run(tmp_path, 200).read_at(0, 200) == content


@pytest.mark.parametrize("size", [0, 99, 101, 199, 201])
def test_what_is_not_as_long_as_was_told_is_not_read(tmp_path: Path, size: int) -> None:
    written(tmp_path, [b"a" * 100, b"b" * 100])
    if size in (0, 100):
        run(tmp_path, size)
        return
    with pytest.raises(SealBroken):
        run(tmp_path, size)


def test_a_segment_that_was_cut_at_a_chunk_is_noticed(tmp_path: Path) -> None:
    content = written(tmp_path, [bytes(2 * CHUNK)])
    (only,) = tmp_path.iterdir()
    only.write_bytes(only.read_bytes()[: -CHUNK - 32])
    with pytest.raises(SealBroken):
        run(tmp_path, len(content))


def test_a_name_is_given_once_and_a_draft_is_nobodys(tmp_path: Path) -> None:
    written(tmp_path, [b"abc"])
    again = Segment(tmp_path, 0, key=KEY, whole=WHOLE)
    again.write(b"xyz")
    with pytest.raises(FileExistsError):
        again.finish()
    assert [path.name for path in tmp_path.iterdir()] == [f"{0:020d}"]
    left = Segment(tmp_path, 3, key=KEY, whole=WHOLE)
    left.write(b"x")
    assert run(tmp_path, 3).read_at(0, 9) == b"abc"
    left.discard()
    left.discard()


def test_what_is_cut_away_is_gone_and_what_is_before_it_stays(tmp_path: Path) -> None:
    written(tmp_path, [b"abc", b"def", b"ghi"])
    cut(tmp_path, 9)
    assert run(tmp_path, 9).read_at(0, 9) == b"abcdefghi"
    cut(tmp_path, 3)
    assert run(tmp_path, 3).read_at(0, 9) == b"abc"
    cut(tmp_path, 0)
    assert not list(tmp_path.iterdir())
