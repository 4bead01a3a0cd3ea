from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import SealBroken
from storage.keys.opaque import OpaqueTokens

ARCHIVE, OTHER = UUID(int=7), UUID(int=8)
TEXTS, USES = st.binary(min_size=1, max_size=200), st.binary(max_size=40)
tokens = OpaqueTokens(b"s" * 32, archive=ARCHIVE)


@settings(max_examples=100, deadline=None)
@given(TEXTS, USES)
def test_a_token_opens_to_what_it_was_made_of_and_is_the_same_each_time(text: bytes, bound: bytes) -> None:
    again = OpaqueTokens(b"s" * 32, archive=ARCHIVE)
    made = tokens.make(text, bound=bound)
    assert again.open(made, bound=bound) == text
    assert again.make(text, bound=bound) == made
    assert len(made) == len(text) + 16


@settings(max_examples=100, deadline=None)
@given(TEXTS, USES, st.data())
def test_a_token_that_was_changed_does_not_open(text: bytes, bound: bytes, data: st.DataObject) -> None:
    made = bytearray(tokens.make(text, bound=bound))
    made[data.draw(st.integers(0, len(made) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        tokens.open(bytes(made), bound=bound)


@pytest.mark.parametrize("other", [OpaqueTokens(b"t" * 32, archive=ARCHIVE), OpaqueTokens(b"s" * 32, archive=OTHER)])
def test_a_token_of_another_seed_or_archive_does_not_open(other: OpaqueTokens) -> None:
    with pytest.raises(SealBroken):
        other.open(tokens.make(b"text", bound=b"use"), bound=b"use")


def test_a_token_opens_for_its_own_use_alone() -> None:
    with pytest.raises(SealBroken):
        tokens.open(tokens.make(b"text", bound=b"use"), bound=b"another")


@pytest.mark.parametrize("token", [b"", b"short", b"x" * 16, b"x" * 4097])
def test_what_is_no_token_does_not_open(token: bytes) -> None:
    with pytest.raises(SealBroken):
        tokens.open(token, bound=b"use")


@pytest.mark.parametrize("text", [b"", b"x" * 4081])
def test_a_text_that_is_none_or_too_long_has_no_token(text: bytes) -> None:
    with pytest.raises(ValueError, match="token"):
        tokens.make(text, bound=b"use")
