"""The invented identifiers pass the rules of their registers."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.samples.people import (
    MEN,
    WOMEN,
    invent_doctor,
    invent_patient,
    invent_provider,
    nip,
    npwz,
    pesel,
    regon,
)

DAYS = st.dates(date(1800, 1, 1), date(2299, 12, 31))


@given(birth=DAYS, sex=st.sampled_from("MF"), serial=st.integers(0, 4999))
def test_a_pesel_tells_birth_and_sex_and_passes_its_check(birth: date, sex: str, serial: int) -> None:
    number = pesel(birth, sex, serial)
    figures = [int(figure) for figure in number]
    assert len(figures) == 11
    assert sum(f * w for f, w in zip(figures, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10 == 0
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[figures[2] // 2]
    assert date(century + int(number[:2]), int(number[2:4]) % 20, int(number[4:6])) == birth
    assert ("M" if figures[9] % 2 else "F") == sex


def test_known_numbers_come_out_of_their_stems() -> None:
    assert pesel(date(1944, 5, 14), "M", 2013) == "44051401359"
    assert regon("19259818") == "192598184"
    assert regon("12345678") == "123456785"
    assert nip("856734621") == "8567346215"
    assert npwz(425740) == "5425740"


@given(stem=st.integers(0, 999_999_999))
def test_a_tax_number_never_ends_in_a_check_of_ten(stem: int) -> None:
    figures = [int(figure) for figure in nip(f"{stem % 999_999_000:09}")]
    assert len(figures) == 10
    assert sum(f * w for f, w in zip(figures, (6, 5, 7, 2, 3, 4, 5, 6, 7), strict=False)) % 11 == figures[9]


@given(stem=st.integers(0, 999_999))
def test_a_doctors_licence_never_starts_with_zero(stem: int) -> None:
    figures = [int(figure) for figure in npwz(stem)]
    assert len(figures) == 7
    assert figures[0] == sum((place + 1) * figure for place, figure in enumerate(figures[1:])) % 11 != 0


def test_five_thousand_patients_have_as_many_numbers() -> None:
    people = [invent_patient(Random(number % 7), number) for number in range(1, 5000)]
    assert len({person.pesel for person in people}) == len({person.local_id for person in people}) == 4999
    assert all(set(person.given) <= set(WOMEN if person.sex == "F" else MEN) for person in people)


@pytest.mark.parametrize("seed", range(20))
def test_a_provider_and_a_doctor_have_valid_numbers(seed: int) -> None:
    provider = invent_provider(Random(seed), name="Próba")
    doctor = invent_doctor(Random(seed))
    assert provider.regon == regon(provider.regon[:8])
    assert provider.nip == nip(provider.nip[:9])
    assert len(provider.rpwdl_book) == 12
    assert doctor.npwz == npwz(int(doctor.npwz[1:]))
