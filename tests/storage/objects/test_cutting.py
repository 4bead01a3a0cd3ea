from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from storage.objects.s3.cutting import bodies


@given(parts=st.lists(st.binary(max_size=30), max_size=8), size=st.integers(1, 40), lazily=st.booleans())
def test_bodies_are_the_parts_cut_evenly(parts: list[bytes], size: int, lazily: bool) -> None:
    cut = [bytes(body) for body in bodies(iter(parts) if lazily else parts, size=size)]
    assert b"".join(cut) == b"".join(parts)
    assert all(len(body) == size for body in cut[:-1])
    assert len(cut) == 1 or 0 < len(cut[-1]) <= size


@given(parts=st.lists(st.integers(0, 30), max_size=8), size=st.integers(1, 40))
def test_a_buffer_used_again_is_copied_in_time(parts: list[int], size: int) -> None:
    buffer = bytearray(30)

    def reusing() -> Iterator[memoryview]:
        for number, length in enumerate(parts):
            buffer[:] = bytes([number]) * 30
            yield memoryview(buffer)[:length]

    expected = b"".join(bytes([number]) * length for number, length in enumerate(parts))
    assert b"".join(bytes(body) for body in bodies(reusing(), size=size)) == expected


def test_a_whole_object_in_one_part_is_not_copied() -> None:
    whole = bytes(1000)
    assert next(bodies([whole])) is whole
