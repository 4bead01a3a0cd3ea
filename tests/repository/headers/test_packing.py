"""The member of a header object: what is packed is found again, whole and one by one."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.headers import packing
from repository.headers.packing import HeadersDamaged, by_block, chosen_from, index_of, inflated, packed

MODELS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=3), max_size=12)


@settings(max_examples=40)
@given(MODELS, st.integers(1, 200))
def test_what_is_packed_is_found_again(models: list[dict[str, Any]], block: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(packing, "BLOCK", block)
        made = packed((10 + n, f"1.{n}", model) for n, model in enumerate(models))
    index = index_of(made.member[: made.index_length])
    assert made.instances == len(index.entries) == len(models)
    texts = [inflated(made.member[at : at + length]) for at, length in index.blocks]
    assert [each for text in texts for each in orjson.loads(b"[" + text + b"]")] == models
    for entry, model in zip(index.entries, models, strict=True):
        assert orjson.loads(chosen_from(texts[entry.block], [entry])) == model
    assert [each for _, group in by_block(index.entries) for each in group] == list(index.entries)


@given(st.binary(max_size=60))
def test_what_is_no_index_is_damaged(raw: bytes) -> None:
    with pytest.raises(HeadersDamaged):
        index_of(raw)


def test_a_block_that_breaks_off_is_damaged() -> None:
    made = packed([(1, "1.2", {"a": "b" * 999})])
    with pytest.raises(HeadersDamaged):
        inflated(made.member[made.index_length : -3])
