"""Invented patients, doctors and a provider, with identifiers that pass their check digits.

The numbers are computed, not taken from anywhere: PESEL (act on population records, art. 15), NIP, REGON and the
doctor's licence number NPWZ each carry a weighted check digit. That one of them belongs to a living person cannot be
excluded, as with any valid number; everything around it is invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
REGON_WEIGHTS = (8, 9, 2, 3, 4, 5, 6, 7)
NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
CENTURY_MONTHS = {18: 80, 19: 0, 20: 20, 21: 40, 22: 60}
OLDEST, YOUNGEST = date(1931, 1, 1), date(2015, 12, 31)

WOMEN = ("Zofia", "Małgorzata", "Bożena", "Świętosława", "Grażyna", "Łucja", "Róża", "Agnieszka")
MEN = ("Łukasz", "Stanisław", "Michał", "Grzegorz", "Świętopełk", "Józef", "Paweł", "Zbigniew")
WOMENS_SURNAMES = ("Dąbrowska", "Wiśniewska-Żuk", "Gęś", "Kołodziejczyk", "Łęcka", "Brzęczyszczykiewicz", "Ćwikła")
MENS_SURNAMES = ("Żółkiewski", "Święcicki", "Gałązka", "Pietrzyk", "Ździebło", "Królikowski-Nowak", "Ślusarczyk")
STREETS = ("Źródlana", "Świętokrzyska", "Łąkowa", "Mickiewicza", "Żwirki i Wigury", "Gęsia")
TOWNS = (("Łódź", "90-001"), ("Żywiec", "34-300"), ("Gdańsk", "80-001"), ("Świdnica", "58-100"), ("Kraków", "30-001"))


@dataclass(frozen=True, slots=True)
class Person:
    """A patient. `given` holds one or two names; `sex` is M or F; `local_id` is the provider's own number."""

    family: str
    given: tuple[str, ...]
    birth: date
    sex: str
    pesel: str
    local_id: str
    street: str
    house: str
    town: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Doctor:
    family: str
    given: str
    npwz: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider; `node` is its number under the national OID root of local registers."""

    name: str
    short_name: str  # as an old device has it: no typographic quotes, at most 64 characters
    rpwdl_book: str
    regon: str
    nip: str
    node: int


def weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def pesel(birth: date, sex: str, serial: int) -> str:
    """Eleven digits: birth date with the century in the month, `serial`, sex in the tenth digit, check digit.

    Serials 0-4999 give different numbers on one day of birth.
    """
    month = birth.month + CENTURY_MONTHS[birth.year // 100]
    sexed = serial // 1000 % 5 * 2 + (1 if sex == "M" else 0)
    body = f"{birth.year % 100:02}{month:02}{birth.day:02}{serial % 1000:03}{sexed}"
    return f"{body}{-weighted(body, PESEL_WEIGHTS) % 10}"


def regon(stem: str) -> str:
    """Nine digits from a stem of eight; a remainder of 10 is written as 0."""
    return f"{stem}{weighted(stem, REGON_WEIGHTS) % 11 % 10}"


def nip(stem: str) -> str:
    """Ten digits from the first stem at or after `stem` (nine digits) whose remainder is a digit."""
    while (check := weighted(stem, NIP_WEIGHTS) % 11) == 10:
        stem = f"{int(stem) + 1:09}"
    return f"{stem}{check}"


def npwz(stem: int) -> str:
    """A doctor's licence number: seven digits, the first of which checks the other six and is never 0."""
    while True:
        body = f"{stem % 1_000_000:06}"
        check = weighted(body, (1, 2, 3, 4, 5, 6)) % 11
        if 0 < check < 10:
            return f"{check}{body}"
        stem += 1


def invent_provider(rng: Random, *, name: str) -> Provider:
    return Provider(
        name=f"Niepubliczny Zakład Opieki Zdrowotnej „{name}” sp. z o.o.",
        short_name=f"NZOZ {name}",
        rpwdl_book=f"{rng.randrange(900_000, 1_000_000):012}",
        regon=regon(f"{rng.randrange(10_000_000, 100_000_000)}"),
        nip=nip(f"{rng.randrange(521_000_000, 800_000_000)}"),
        node=rng.randrange(900_000, 1_000_000),
    )


def invent_doctor(rng: Random) -> Doctor:
    return Doctor(family=rng.choice(MENS_SURNAMES), given=rng.choice(MEN), npwz=npwz(rng.randrange(1_000_000)))


def invent_patient(rng: Random, number: int) -> Person:
    """Patient `number` (from 1): each has another serial, so that no two share a PESEL or a local number."""
    sex = "F" if number % 2 else "M"
    names, surnames = (WOMEN, WOMENS_SURNAMES) if sex == "F" else (MEN, MENS_SURNAMES)
    birth = OLDEST + timedelta(days=rng.randrange((YOUNGEST - OLDEST).days))
    town, postcode = rng.choice(TOWNS)
    return Person(
        family=rng.choice(surnames),
        given=tuple(rng.sample(names, k=1 + number % 2)),
        birth=birth,
        sex=sex,
        pesel=pesel(birth, sex, number),
        local_id=f"{10_000 + number}",
        street=rng.choice(STREETS),
        house=str(rng.randrange(1, 120)),
        town=town,
        postcode=postcode,
    )
