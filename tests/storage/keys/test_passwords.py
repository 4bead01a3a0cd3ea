"""Passwords are hashed with Argon2id, whose parameters stand in the hash."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.keys import passwords
from storage.keys.passwords import Cost, hashed, outdated, unmatched, verifies


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", Cost(1, 8, 1))


def test_the_cost_is_the_second_recommendation_of_rfc_9106() -> None:
    found = extract_parameters(hashed(b"trzy koty"))
    assert (found.type, found.time_cost, found.memory_cost, found.parallelism) == (Type.ID, 3, 65_536, 4)
    assert (found.salt_len, found.hash_len) == (16, 32)


@settings(max_examples=40)
@given(st.binary(max_size=1024), st.binary(max_size=1024))
def test_a_hash_is_verified_by_its_password_alone(password: bytes, other: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", Cost(1, 8, 1))
        encoded = hashed(password)
        assert verifies(encoded, password)
        assert verifies(encoded, other) == (other == password)


@pytest.mark.usefixtures("cheap")
def test_two_hashes_of_one_password_differ() -> None:
    assert hashed(b"trzy koty") != hashed(b"trzy koty")


def test_what_was_hashed_cheaper_still_verifies_and_is_outdated(cheap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = hashed(b"trzy koty")
    assert not outdated(encoded)
    monkeypatch.setattr(passwords, "COST", Cost(2, 16, 2))
    assert verifies(encoded, b"trzy koty")
    assert outdated(encoded)


def test_a_hash_that_nothing_matches_looks_like_any_other_and_costs_as_much() -> None:
    encoded, real = unmatched(), hashed(b"trzy koty")
    assert extract_parameters(encoded) == extract_parameters(real)
    assert encoded.rsplit("$", 2)[0] == real.rsplit("$", 2)[0]
    assert not verifies(encoded, b"")
    assert unmatched() != encoded


def test_a_hash_of_unreasonable_cost_is_refused_before_it_is_computed() -> None:
    for changed in ("m=4294967295,t=3,p=4", "m=65536,t=4294967295,p=4", "m=65536,t=3,p=16777215"):
        assert not verifies(unmatched().replace("m=65536,t=3,p=4", changed), b"trzy koty")


@pytest.mark.parametrize("encoded", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$$", "$2b$12$abcdefghijklmnopqrstuv", "\0"])
def test_what_is_no_hash_verifies_nothing(encoded: str) -> None:
    assert not verifies(encoded, b"trzy koty")


@pytest.mark.usefixtures("cheap")
def test_many_at_once_all_get_their_answer() -> None:
    encoded = hashed(b"trzy koty")
    with ThreadPoolExecutor(16) as pool:
        given = [b"trzy koty", b"dwa koty"] * 32
        assert list(pool.map(partial(verifies, encoded), given)) == [True, False] * 32
