import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.canonical import GREATEST, NotCanonical, canonical, parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-GREATEST, GREATEST) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_survives_its_canonical_form(value):
    assert parse(canonical(value)) == value


@given(VALUES)
def test_the_form_is_that_of_an_independent_writer(value):
    # For ASCII keys and whole numbers, RFC 8785 is what the standard library writes when told to be brief.
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == plain.encode()


@given(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_bytes_are_read_only_in_their_one_form(data):
    try:
        value = parse(data)
    except NotCanonical:
        return
    assert canonical(value) == data


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        {"a": [1, {"b": 0.0}]},
        GREATEST + 1,
        -GREATEST - 1,
        {"ż": 1},
        {1: 1},
        "\ud800",
        {"a": "\udfff"},
        b"bytes",
        {"a": {1, 2}},
    ],
)
def test_a_value_without_a_canonical_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1 ",
        b"1.0",
        b"1e2",
        b"-0",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'"\\u0061"',
        b'"\\/"',
        b'"\xff"',
        b"9007199254740992",
        b"[1,]",
        b"NaN",
        b"[" * 5000 + b"]" * 5000,
        b"[" * 900 + b"]" * 900,
    ],
)
def test_another_form_of_a_value_is_refused(data):
    with pytest.raises(NotCanonical):
        parse(data)


def test_a_tuple_is_written_as_a_list():
    assert canonical({"b": (1, "x"), "a": None}) == b'{"a":null,"b":[1,"x"]}'
