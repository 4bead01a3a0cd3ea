"""TOTP by the vectors of its RFCs, and around them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.people.totp import code_at, new_secret, otpauth, step_at, step_of
from tests.builders.people import secret_of

SEED = b"1234567890"
SEEDS = {"sha1": SEED * 2, "sha256": SEED * 3 + b"12", "sha512": SEED * 6 + b"1234"}
MOMENTS = (59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000)
RFC_6238 = {  # appendix B
    "sha1": ("94287082", "07081804", "14050471", "89005924", "69279037", "65353130"),
    "sha256": ("46119246", "68084774", "67062674", "91819424", "90698825", "77737706"),
    "sha512": ("90693936", "25091201", "99943326", "93441116", "38618901", "47863826"),
}
RFC_4226 = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"  # appendix D


@pytest.mark.parametrize("digest", RFC_6238)
def test_codes_are_those_of_rfc_6238(digest: str) -> None:
    steps = [step_at(datetime.fromtimestamp(moment, UTC)) for moment in MOMENTS]
    assert tuple(code_at(SEEDS[digest], step, digits=8, digest=digest) for step in steps) == RFC_6238[digest]


def test_codes_are_those_of_rfc_4226() -> None:
    assert " ".join(code_at(SEED * 2, count) for count in range(10)) == RFC_4226


SECRETS = st.binary(min_size=20, max_size=20)
MOMENT = st.integers(1_577_836_800, 7_258_118_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(SECRETS, MOMENT, st.integers(-4, 4))
def test_a_code_is_good_one_step_before_and_after_its_own(secret: bytes, at: datetime, away: int) -> None:
    step = step_at(at) + away
    near = {code_at(secret, step_at(at) + skew) for skew in (-1, 0, 1)}
    code = code_at(secret, step)
    found = step_of(secret, f" {code[:3]} {code[3:]}", at=at)
    assert (found is not None) == (code in near)
    if abs(away) <= 1 and len(near) == 3:
        assert found == step


@given(SECRETS, MOMENT, st.text(max_size=12))
def test_what_is_no_code_belongs_to_no_step(secret: bytes, at: datetime, typed: str) -> None:
    right = {code_at(secret, step_at(at) + skew) for skew in (-1, 0, 1)}
    assert (step_of(secret, typed, at=at) is not None) == ("".join(typed.split()) in right)


def test_digits_of_another_script_are_no_code() -> None:
    at = datetime.fromtimestamp(59, UTC)
    arabic = "".join(chr(0x660 + int(digit)) for digit in code_at(SEED * 2, step_at(at)))
    assert step_of(SEED * 2, arabic, at=at) is None


def test_the_first_step_of_all_has_none_before_it() -> None:
    at = datetime.fromtimestamp(0, UTC)
    assert step_of(SEED * 2, code_at(SEED * 2, 1), at=at) == 1
    assert step_of(SEED * 2, code_at(SEED * 2, 2), at=at + timedelta(seconds=1)) is None


@given(SECRETS, st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_an_authenticator_reads_from_the_uri_what_was_written(secret: bytes, name: str) -> None:
    uri = otpauth(secret, name=name)
    read = urlsplit(uri)
    assert (read.scheme, read.netloc) == ("otpauth", "totp")
    assert unquote(read.path) == f"/EDM Archive:{name}"
    assert secret_of(uri) == secret
    assert parse_qs(read.query)["digits"] == ["6"]
    assert "+" not in uri


def test_secrets_have_160_bits_and_are_not_used_twice() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
    assert len(new_secret()) == 20
