"""Signed papers: opened only by the right key, for the right purpose, unchanged."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from repository.evidence.errors import PaperForged
from repository.evidence.signing import opened, signed

SEED = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
values = st.dictionaries(st.text(st.characters(codec="ascii"), max_size=5), st.text(max_size=9) | st.integers(-9, 9))


@given(values)
def test_a_paper_opens_to_what_was_signed(value: dict[str, object]) -> None:
    assert opened(signed(value, purpose="protocol", seed=SEED), purpose="protocol", public_key=PUBLIC) == value


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    paper = bytearray(signed({"verdict": "accepted"}, purpose="protocol", seed=SEED))
    place = data.draw(st.integers(0, len(paper) - 1))
    paper[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        value = opened(bytes(paper), purpose="protocol", public_key=PUBLIC)
    except PaperForged:
        return
    # The key and algorithm that a paper names are for people; what is checked is the key that the reader trusts.
    assert value == {"verdict": "accepted"}


def test_another_key_and_another_purpose_are_refused() -> None:
    paper = signed({}, purpose="protocol", seed=SEED)
    for purpose, key in (("protocol", bytes(32)), ("register", PUBLIC)):
        with pytest.raises(PaperForged):
            opened(paper, purpose=purpose, public_key=key)


@pytest.mark.parametrize("paper", [b"", b"{", b"[]", b'{"protocol":{}}', b'{"protocol":[],"signature":{}}'])
def test_what_is_no_paper_is_refused(paper: bytes) -> None:
    with pytest.raises(PaperForged):
        opened(paper, purpose="protocol", public_key=PUBLIC)
