"""The register of disclosures: exactly the columns of the law, and what a row says."""

from typing import Any

import pytest
from hypothesis import given, settings

from repository.access.errors import AccessRefused
from repository.entitlement import protect
from repository.reports import register as registers
from repository.reports import special as specials
from repository.reports import who_looked as looking
from repository.reports import words
from repository.reports.asking import Period
from repository.reports.register import Signed, is_disclosure, register
from tests.builders.access import auditor
from tests.builders.accounts import account, accounts
from tests.repository.reports.conftest import ANNA, House, text
from tests.repository.reports.signed_papers import says

# --- the disclosure register


@pytest.mark.requirement("R463-10.1.2")
def test_the_register_has_exactly_the_columns_of_the_law() -> None:
    assert registers.KIND.names == ("patient", "manner", "scope", "recipient", "disclosed_by", "date")
    assert [head.pl for _, head in registers.KIND.columns] == [
        "Imię (imiona) i nazwisko pacjenta",
        "Sposób udostępnienia dokumentacji medycznej",
        "Zakres udostępnionej dokumentacji medycznej",
        "Imię (imiona) i nazwisko osoby innej niż pacjent, której udostępniono dokumentację; nazwa organu lub podmiotu",
        "Imię (imiona), nazwisko i podpis osoby, która udostępniła dokumentację",
        "Data udostępnienia dokumentacji medycznej",
    ]


def test_manners_are_those_of_the_law() -> None:
    assert set(words.MANNERS) == {"view", "extract", "copy", "printout", "original", "electronic", "carrier"}
    assert all(f"pkt {n}" in " ".join(each.pl for each in words.MANNERS.values()) for n in (1, 2, 3, 4, 5))


def test_only_what_left_the_archive_is_a_disclosure() -> None:
    assert is_disclosure(account())
    assert is_disclosure(account(operation="export", manner="electronic"))
    for other in (
        account(manner=""), account(outcome="refused", manner=""), account(operation="search"),
        account(operation="accounts"), account(operation="upkeep", kind="archive"), account(kind="archive"),
    ):  # fmt: skip
        assert not is_disclosure(other)


def test_a_register_of_a_patient_holds_his_disclosures_in_all_takeovers(house: House) -> None:
    house.looked(day="2026-03-04")
    house.looked(house.two, patient=2, day="2026-03-05", manner="electronic")
    house.looked(patient=2)
    house.looked(manner="")
    value = says(house, register(house.archive, house.errand(auditor()), patient=text(ANNA)))
    assert [(row["date"], row["manner"]) for row in value["rows"]] == [
        ("2026-03-04", "copy"),
        ("2026-03-05", "electronic"),
    ]
    assert value["about"]["records"] == [f"{house.one.id}/1", f"{house.two.id}/2"]
    assert value["readings_that_left_nothing_outside"] == 1


def test_a_register_of_a_takeover_and_of_a_period(house: House) -> None:
    house.looked()
    house.looked(house.two, patient=1, at="2026-03-04T23:30:00.000000Z", day="2026-03-05")
    errand = house.errand(auditor())
    assert len(says(house, register(house.archive, errand, takeover=house.two.id))["rows"]) == 1
    assert len(says(house, register(house.archive, errand))["rows"]) == 2
    day = Period("2026-03-05", "2026-03-05")  # in Poland
    assert [row["date"] for row in says(house, register(house.archive, errand, period=day))["rows"]] == ["2026-03-05"]


def test_a_row_says_who_got_what_from_whom() -> None:
    row = registers.row_of(account(takeover="t"), signed=None, seal="KEY")
    assert row == {
        "patient": "Jan Próbny",
        "manner": "copy",
        "scope": "dokument 2.16.840.1.113883.3.4424.2.7.1^D-12 [t] / document 2.16.840.1.113883.3.4424.2.7.1^D-12 [t]",
        "recipient": "Anna Przykładowa; Przychodnia Przykładowa",
        "disclosed_by": "udostępnienie automatyczne przez archiwum; pieczęć kluczem / served automatically by the"
        " archive; sealed with its key KEY",
        "date": "2026-03-04",
    }


def test_a_demand_names_whoever_signed_and_whoever_got_it() -> None:
    signed = Signed(
        given_name="Łucja", surname="Żak", npwz="1234567", signature="sha256:ab", recipient="Jan Kot",
        recipient_organisation="Sąd",
    )  # fmt: skip
    row = registers.row_of(account(), signed=signed, seal="KEY")
    assert (row["recipient"], row["disclosed_by"]) == ("Jan Kot; Sąd", "Łucja Żak; NPWZ 1234567; sha256:ab")


def test_the_patient_is_no_recipient_and_a_worker_of_the_archive_discloses() -> None:
    assert registers.row_of(account(kind="patient"), signed=None, seal="K")["recipient"] == ""
    row = registers.row_of(account(organisation_role="archive", evidence="pismo 7"), signed=None, seal="K")
    assert row["recipient"] == "pismo 7"
    assert row["disclosed_by"].startswith("Anna Przykładowa; pieczęć archiwum")
    peer = account(kind="system", given_name="", surname="", organisation="", id="PACS-1")
    assert registers.row_of(peer, signed=None, seal="K")["recipient"] == "PACS-1"


@settings(max_examples=50)
@given(accounts())
def test_any_account_has_a_row_of_texts_in_the_order_of_the_columns(any_account: Any) -> None:
    row = registers.row_of(any_account, signed=None, seal="K")
    assert tuple(row) == registers.KIND.names
    assert all(isinstance(each, str) for each in row.values())
    assert tuple(looking.row_of(any_account)) == looking.KIND.names
    assert tuple(specials.row_of(any_account)) == specials.KIND.names


@pytest.mark.requirement("R463-10.2")
def test_a_general_register_does_not_name_protected_patients(house: House) -> None:
    house.looked()
    protect(house.archive, ANNA)
    value = says(house, register(house.archive, house.errand(auditor())))
    assert [row["patient"] for row in value["rows"]] == ["pacjent nieustalony / of no known patient"]
    assert "D-12" not in value["rows"][0]["scope"]
    with pytest.raises(AccessRefused):
        register(house.archive, house.errand(auditor()), patient=text(ANNA))
