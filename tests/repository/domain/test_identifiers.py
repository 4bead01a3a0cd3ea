from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.domain.identifiers import (
    NPWZ_DOCTOR_OID,
    NPWZ_NURSE_OID,
    NPWZ_PHYSIOTHERAPIST_OID,
    can_be_licence,
    check_nip,
    check_npwz_doctor,
    check_npwz_nurse,
    check_pesel,
    check_regon,
    check_rpwdl_book,
    passport_oid,
    personal_id_oid,
    split_rpwdl,
)

WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)


def pesel_of(born: date, serial: int) -> str:
    """A PESEL by the statute's words: written apart from the code under test."""
    shift = {18: 80, 19: 0, 20: 20, 21: 40, 22: 60}[born.year // 100]
    first = f"{born.year % 100:02}{born.month + shift:02}{born.day:02}{serial:04}"
    units = [int(digit) * weight % 10 for digit, weight in zip(first, WEIGHTS, strict=True)]
    return first + str((10 - sum(units) % 10) % 10)


@given(born=st.dates(date(1800, 1, 1), date(2299, 12, 31)), serial=st.integers(0, 9999))
def test_every_pesel_of_five_centuries_gives_its_date_and_sex(born: date, serial: int) -> None:
    verdict = check_pesel(pesel_of(born, serial))
    assert verdict.checksum
    assert verdict.birth_date == f"{born:%Y%m%d}"
    assert verdict.sex == ("M" if serial % 2 else "F")


@given(born=st.dates(date(1900, 1, 1), date(2099, 12, 31)), place=st.integers(0, 10), step=st.integers(1, 9))
def test_a_single_wrong_digit_of_a_pesel_is_always_found(born: date, place: int, step: int) -> None:
    right = pesel_of(born, 1234)
    wrong = right[:place] + str((int(right[place]) + step) % 10) + right[place + 1 :]
    assert not check_pesel(wrong).valid


@pytest.mark.parametrize(("value", "born", "sex"), [("44051401359", "19440514", "M"), ("40010151673", "19400101", "M")])
def test_the_published_examples_of_pesel_are_valid(value: str, born: str, sex: str) -> None:
    verdict = check_pesel(value)
    assert (verdict.valid, verdict.birth_date, verdict.sex) == (True, born, sex)


@pytest.mark.parametrize(
    "value", ["", "4405140135", "440514013590", "4405140135x", "４４０５１４０１３５９", " 4405140135"]
)
def test_what_is_not_eleven_ascii_digits_is_not_well_formed(value: str) -> None:
    assert not check_pesel(value).well_formed


@pytest.mark.parametrize("digit", "02468")
def test_eleven_equal_digits_pass_the_checksum_and_are_still_not_valid(digit: str) -> None:
    verdict = check_pesel(digit * 11)
    assert verdict.checksum
    assert verdict.placeholder
    assert not verdict.valid


def test_a_date_that_does_not_exist_is_not_valid_though_the_checksum_holds() -> None:
    verdict = check_pesel("44023001356"[:10] + "0")
    assert verdict.birth_date == ""
    assert not verdict.valid


@pytest.mark.parametrize("value", ["192598184", "123456785", "12345678512347"])
def test_the_published_examples_of_regon_are_valid(value: str) -> None:
    assert (check_regon(value).well_formed, check_regon(value).valid) == (True, True)


@pytest.mark.parametrize("value", ["192598183", "12345678512348", "12345678412347"])
def test_a_regon_with_a_wrong_check_digit_is_well_formed_and_not_valid(value: str) -> None:
    verdict = check_regon(value)
    assert verdict.well_formed
    assert not verdict.checksum


def test_a_nip_is_checked_and_a_remainder_of_ten_is_never_valid() -> None:
    assert check_nip("8567346215").valid
    assert not check_nip("8567346216").valid
    assert not check_nip("856-734-62-15").well_formed
    weights = (6, 5, 7, 2, 3, 4, 5, 6, 7)
    sums = {n: sum(int(d) * w for d, w in zip(f"{n:09}", weights, strict=True)) for n in range(100)}
    tens = [number for number, total in sums.items() if total % 11 == 10]
    assert tens
    assert not any(check_nip(f"{number:09}{digit}").valid for number in tens for digit in range(10))


def test_the_licence_of_a_doctor_is_checked_and_never_begins_with_nought() -> None:
    assert check_npwz_doctor("5425740").valid
    assert not check_npwz_doctor("7724513").valid
    assert not check_npwz_doctor("0000000").valid
    assert not check_npwz_doctor("542574").well_formed


def test_the_licence_of_a_nurse_or_midwife_is_known_by_its_structure() -> None:
    assert check_npwz_nurse("1234567P").valid
    assert check_npwz_nurse("1234567A").valid
    assert not check_npwz_nurse("1234567B").valid


def test_a_licence_is_checked_by_the_register_that_it_is_of() -> None:
    assert can_be_licence("5425740")
    assert not can_be_licence("5425741")
    assert can_be_licence("5425740", NPWZ_DOCTOR_OID)
    assert not can_be_licence("1234567P", NPWZ_DOCTOR_OID)
    assert can_be_licence("1234567P", NPWZ_NURSE_OID)
    assert not can_be_licence("5425740", NPWZ_NURSE_OID)
    assert can_be_licence("5425741", NPWZ_PHYSIOTHERAPIST_OID)  # of which no rule is known
    assert can_be_licence("12345")


def test_a_register_book_has_twelve_digits_and_may_carry_a_unit() -> None:
    assert check_rpwdl_book("000000190353").valid
    assert not check_rpwdl_book("190353").valid
    assert split_rpwdl("000000190353-11") == ("000000190353", "11")
    assert split_rpwdl("000000190353") == ("000000190353", "")
    assert split_rpwdl("190353-11") == ("", "")


def test_oids_of_countries_are_built_from_their_numeric_code() -> None:
    assert personal_id_oid(616) == "2.16.840.1.113883.3.4424.1.1.616"
    assert passport_oid(804) == "2.16.840.1.113883.4.330.804"
