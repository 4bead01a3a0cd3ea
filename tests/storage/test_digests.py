"""Bytes are hashed as they pass, and pass unchanged."""

import hashlib
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from storage.digests import PIECE, Digesting, pieces


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
