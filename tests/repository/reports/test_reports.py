"""The three signed reports: whose accounts belong to them, up to where, and to whom they are given."""

from dataclasses import replace

import pytest

from repository.access.errors import AccessRefused
from repository.access.principal import Principal
from repository.entitlement import protect
from repository.journal import complete_up_to
from repository.reports import special as specials
from repository.reports import who_looked as looking
from repository.reports.asking import Period
from repository.reports.errors import PatientNotNamed, PeriodWrong
from repository.reports.special import special_report
from repository.reports.who_looked import who_looked
from tests.builders.access import auditor, patient, special_service, worker
from tests.repository.reports.conftest import ANNA, BOGDAN, CELINA, House, text
from tests.repository.reports.signed_papers import says

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
    assert told == [told[0]] * 6
    assert told[0]["rows"] == []
    asked = [replace(each, number=0, at="") for each in house.accounts()[1:]]
    assert len(asked) >= len(told)
    assert asked == [asked[0]] * len(asked)


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


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-13-01", ""), ("2026-02-02", "2026-02-01"), ("20260101", ""), ("1990-01-01", ""), ("x", "")],
)
def test_what_is_no_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(PeriodWrong):
        Period(first, last)
