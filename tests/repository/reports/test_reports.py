"""The three signed reports: exactly their columns, exactly the accounts that belong to them, and to whom."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import PERMITTED
from repository.access.errors import AccessRefused
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.domain.describing import Identifier
from repository.entitlement import protect
from repository.evidence.errors import PaperForged
from repository.evidence.signing import opened
from repository.journal import complete_up_to
from repository.reports import register as registers
from repository.reports import special as specials
from repository.reports import who_looked as looking
from repository.reports import words
from repository.reports.asking import Period
from repository.reports.errors import PatientNotNamed, PeriodWrong
from repository.reports.page import as_page
from repository.reports.paper import Paper, as_csv, spoken
from repository.reports.register import Signed, is_disclosure, register
from repository.reports.special import special_report
from repository.reports.who_looked import who_looked
from tests.builders.access import auditor, patient, special_service, worker
from tests.builders.accounts import WORDS, account, accounts
from tests.repository.reports.conftest import ANNA, BOGDAN, CELINA, House, text


def says(house: House, paper: Paper) -> dict[str, Any]:
    """What the paper says, its signature checked; nobody else's purpose or key opens it."""
    key = house.archive.ring.signing_public_key()
    value = opened(paper.signed, purpose=paper.kind.purpose, public_key=key)
    with pytest.raises(PaperForged):
        opened(paper.signed, purpose="protocol", public_key=key)
    assert value["columns"] == list(paper.kind.names)
    assert all(list(row) == sorted(value["columns"]) for row in value["rows"])  # canonical: keys in order
    assert [len(cells) for cells in paper.cells] == [len(value["columns"])] * len(value["rows"])
    return value


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


# --- who has looked


def test_the_columns_of_who_looked() -> None:
    assert looking.KIND.names == (
        "person", "organisation", "day", "hour", "purpose", "what", "scope", "door", "outcome", "prominent",
    )  # fmt: skip


@pytest.mark.requirement("R463-10.1.1", "R463-10.1.3")
def test_who_looked_lists_every_door_permitted_or_refused_and_its_own_asking(house: House) -> None:
    house.looked(door="dimse", kind="system", given_name="", surname="", organisation="", id="PACS-1")
    house.looked(house.two, patient=2, door="rest", outcome="refused", reasons=("CONSENT_MISSING",), manner="")
    house.looked(purpose="emergency", duties=("prominent", "review"), door="cli")
    house.looked(patient=2)
    house.looked(kind="special-service", operation="accounts", manner="")
    value = says(house, who_looked(house.archive, house.errand(auditor()), patient=text(ANNA)))
    seen = [(row["door"], row["outcome"], row["prominent"], row["what"]) for row in value["rows"]]
    assert seen == [
        ("dimse", "permitted", False, "read"),
        ("rest", "refused", False, "read"),
        ("cli", "permitted", True, "read"),
        ("cli", "permitted", False, "accounts"),
        ("cli", "permitted", False, "accounts"),
    ]
    assert value["rows"][0]["organisation"] == "PACS-1"
    assert value["rows"][3]["person"] == "Święcisław Ćwikła"


def test_upkeep_is_counted_and_not_listed(house: House) -> None:
    for day, takeover, number in (
        ("2026-03-04", house.one, 0),
        ("2026-03-09", house.one, 1),
        ("2026-03-05", house.two, 1),
    ):
        house.looked(
            takeover, patient=number, day=day, kind="archive", operation="upkeep", purpose="maintenance", manner=""
        )
    value = says(house, who_looked(house.archive, house.errand(auditor()), patient=f"{house.one.id}/1"))
    assert value["upkeep"] == [
        {"count": 2, "first_day": "2026-03-04", "last_day": "2026-03-09", "purpose": "maintenance"}
    ]
    assert [row["what"] for row in value["rows"]] == ["accounts"]


@pytest.mark.requirement("R463-10.1.2")
def test_a_report_says_up_to_which_account_and_checkpoint_it_is_complete(house: House) -> None:
    house.looked()
    paper = who_looked(house.archive, house.errand(auditor()), patient=text(CELINA))
    complete = says(house, paper)["complete_up_to"]
    number, size = complete_up_to(house.archive)
    assert (complete["number"], complete["checkpoint_size"]) == (number, size)
    assert number == house.archive.catalogue.journal.size()
    assert complete["checkpoint"].split("\n")[1] == str(size)
    assert [row["what"] for row in paper.value["rows"]] == ["accounts"]


def test_a_period_narrows_who_looked(house: House) -> None:
    house.looked(at="2026-03-04T22:59:59.000000Z", day="2026-03-04")
    house.looked(at="2026-03-04T23:00:00.000000Z", day="2026-03-05")
    errand = house.errand(auditor())
    found = who_looked(house.archive, errand, patient=text(ANNA), period=Period(last_day="2026-03-04"))
    assert [row["day"] for row in found.value["rows"]] == ["2026-03-04"]
    found = who_looked(house.archive, errand, patient=text(ANNA), period=Period("2026-03-05", "2026-03-06"))
    assert [row["day"] for row in found.value["rows"]] == ["2026-03-05"]


def test_a_patient_sees_who_looked_at_his_own(house: House) -> None:
    house.looked()
    me = patient(ANNA)
    assert [row["what"] for row in who_looked(house.archive, house.errand(me), patient=text(ANNA)).value["rows"]] == [
        "read", "accounts", "accounts",
    ]  # fmt: skip
    with pytest.raises(AccessRefused):
        who_looked(house.archive, house.errand(me), patient=text(BOGDAN))


@pytest.mark.parametrize("wrong", ["", "Kowalski", "1.2^", "1.2^*", "0" * 11, "12345", "1.2^a?", "^1"])
def test_what_cannot_name_a_patient_is_refused_before_anything_is_asked(house: House, wrong: str) -> None:
    with pytest.raises(PatientNotNamed):
        who_looked(house.archive, house.errand(auditor()), patient=wrong)
    assert house.accounts() == []


# --- the report for special services


@pytest.mark.requirement("R463-10.3")
def test_the_report_for_special_services_has_exactly_five_columns(house: House) -> None:
    assert specials.KIND.names == ("first_name", "surname", "day", "hour", "purpose")
    assert [head.pl for _, head in specials.KIND.columns] == ["imię", "nazwisko", "dzień", "godzina", "cel"]
    house.looked()
    protect(house.archive, ANNA)
    value = says(house, special_report(house.archive, house.errand(special_service()), patient=text(ANNA)))
    assert value["rows"] == [
        {"first_name": "Anna", "surname": "Przykładowa", "day": "2026-03-04", "hour": "06", "purpose": "treatment"}
    ]


@pytest.mark.requirement("R463-10.3", "R463-10.2")
def test_whoever_is_not_protected_gives_what_a_protected_one_gives_whom_nobody_read(house: House) -> None:
    house.looked(patient=2)
    protect(house.archive, ANNA)
    service = house.errand(special_service())
    told = []
    for _ in range(2):  # what was asked before is no processing
        for wanted in (text(ANNA), text(BOGDAN), "2.16.840.1.113883.3.4424.1.1.616^99999999998"):
            value = says(house, special_report(house.archive, service, patient=wanted))
            told.append({k: v for k, v in value.items() if k not in {"about", "issued_at", "complete_up_to"}})
            assert set(value["about"]) == {"patient", "takeover"}
    assert all(each == told[0] for each in told)
    assert told[0]["rows"] == []
    asked = [replace(each, number=0, at="") for each in house.accounts()[1:]]
    assert all(each == asked[0] for each in asked)


@pytest.mark.requirement("R463-10.3")
def test_all_who_processed_the_data_of_a_protected_provider_are_reported(house: House) -> None:
    house.looked(house.two, patient=1)
    house.looked(house.two, patient=0, kind="administrator", purpose="maintenance")
    house.looked(house.two, kind="archive", operation="upkeep", purpose="maintenance")
    house.looked(house.two, outcome="refused", reasons=("CONSENT_MISSING",))
    house.looked()
    service = house.errand(special_service())
    assert special_report(house.archive, service, takeover=house.two.id).value["rows"] == []
    protect(house.archive, takeover=house.two.id)
    rows = special_report(house.archive, service, takeover=house.two.id).value["rows"]
    assert [row["purpose"] for row in rows] == ["treatment", "maintenance"]
    assert special_report(house.archive, service, takeover="ffffffff").value["rows"] == []
    later = special_report(house.archive, service, takeover=house.two.id, period=Period("2026-03-05"))
    assert later.value["rows"] == []


@pytest.mark.requirement("R463-10.3")
@pytest.mark.parametrize("principal", [auditor(), worker(), patient(ANNA)], ids=lambda each: each.kind.value)
def test_nobody_but_a_special_service_gets_it(house: House, principal: Principal) -> None:
    protect(house.archive, ANNA)
    with pytest.raises(AccessRefused):
        special_report(house.archive, house.errand(principal), patient=text(ANNA))
    assert [each.outcome for each in house.accounts()] == ["refused"]


# --- papers for people


@pytest.fixture
def paper(house: House) -> Paper:
    house.looked(organisation="=1+2", reason="<b>", purpose=Purpose.EMERGENCY.value, duties=("prominent",))
    house.looked(organisation='<script>alert("x")</script>', operation=Operation.SEARCH.value, manner="")
    return who_looked(house.archive, house.errand(auditor()), patient=text(ANNA))


def test_csv_has_the_headings_and_the_cells_and_no_formula(house: House, paper: Paper) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(paper).decode(), newline="")))
    assert rows[0] == [head.pl for _, head in paper.kind.columns]
    assert rows[1][1] == "'=1+2"
    assert [tuple(row) for row in rows[2:]] == list(paper.cells[1:])
    assert as_csv(paper, polish=False).startswith(b"First name and surname,Organisation,Day")


@settings(max_examples=50)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=5))
def test_any_cell_comes_back_from_csv(cells: list[tuple[str, str]]) -> None:
    kind = replace(looking.KIND, columns=looking.KIND.columns[:2])
    rows = list(csv.reader(io.StringIO(as_csv(Paper(kind, {}, b"", tuple(cells))).decode(), newline="")))[1:]
    assert [tuple(each.removeprefix("'") for each in row) for row in rows] == [
        tuple(each.removeprefix("'") if each.startswith("''") else each for each in row) for row in cells
    ]
    assert not any(each.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in rows for each in row)


def test_the_page_shows_and_carries_the_paper_and_runs_nothing(house: House, paper: Paper) -> None:
    import base64

    page = as_page(paper, log_key=house.archive.log_key)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert base64.b64encode(paper.signed).decode() in page
    assert "TAK / YES" in page
    assert 'lang="en">Who has looked at the documentation' in page
    assert str(paper.value["complete_up_to"]["number"]) in page


def test_an_empty_report_has_a_page_as_well(house: House) -> None:
    empty = special_report(house.archive, house.errand(special_service()), patient=text(ANNA))
    assert "Brak pozycji." in as_page(empty, log_key=house.archive.log_key)
    assert as_csv(empty).decode() == "imię,nazwisko,dzień,godzina,cel\r\n"


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-13-01", ""), ("2026-02-02", "2026-02-01"), ("20260101", ""), ("1990-01-01", ""), ("x", "")],
)
def test_what_is_no_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(PeriodWrong):
        Period(first, last)


def test_names_are_said_given_name_first() -> None:
    assert spoken("Kowalski^Jan^Maria=^") == "Jan Maria Kowalski"
    assert spoken("Kowalski") == "Kowalski"
    assert spoken("") == ""


def test_every_purpose_operation_and_outcome_has_words() -> None:
    assert set(words.PURPOSES) == {"", *Purpose}
    assert set(words.OPERATIONS) == set(Operation)
    assert PERMITTED in words.OUTCOMES
    assert words.told(words.PURPOSES, "other").pl == "other"


def test_the_scope_is_the_narrowest_thing_that_was_meant() -> None:
    plain = account(document=None, study="", ordinal=0, count=0, takeover="")
    assert words.scope(replace(plain, document=Identifier("", "D"))).en == "document D"
    assert words.scope(replace(plain, study="1.2", count=3)).pl == "badanie 1.2, pozycji: 3"
    assert words.scope(replace(plain, ordinal=4)).pl == "pozycja 4"
    assert words.scope(replace(plain, count=2)).en == "part of the record, items: 2"
    assert words.scope(plain).pl == "dokumentacja pacjenta"
    assert words.scope(replace(plain, patient=0)).en == "documentation"
