"""No view of the trail tells an ordinary auditor who is under special protection."""

from base64 import b64encode
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import Account
from repository.access.account_query import AccountQuery, matches
from repository.access.errors import AccessRefused
from repository.access.facts import Approval
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.entitlement import approve, protect, unprotect
from repository.reports.asking import ask_generally, ask_of_patient, ask_of_takeover
from repository.reports.exporting import Form, exported
from repository.reports.view import Guard, asked_by_service, searched, visible_to
from tests.builders.access import AT, HOUR, auditor, special_service, worker
from tests.builders.accounts import accounts, refused
from tests.repository.reports.conftest import ANNA, BOGDAN, CELINA, House, text

TELLING = (
    "patient", "patient_name", "ordinal", "study", "document", "count", "reason", "evidence", "rule", "query",
    "patients",
)  # fmt: skip
GUARDS = st.sampled_from(Guard)


@settings(max_examples=60)
@given(accounts(), GUARDS)
@pytest.mark.requirement("R463-10.2")
def test_an_account_about_a_protected_patient_leads_to_nobody(account: Account, guard: Guard) -> None:
    seen = visible_to(auditor(), account, guard)
    if guard is not Guard.NOBODY:
        assert not any(getattr(seen, name) for name in TELLING)
    assert (seen.number, seen.at, seen.id, seen.surname, seen.purpose, seen.operation, seen.outcome) == (
        account.number, account.at, account.id, account.surname, account.purpose, account.operation, account.outcome,
    )  # fmt: skip
    assert guard is not Guard.PROVIDER or seen.takeover == ""
    assert "SECOND_PERSON_MISSING" not in seen.reasons
    assert bool(seen.reasons) is (seen.outcome == "refused")


@settings(max_examples=60)
@given(accounts(), GUARDS)
def test_what_is_taken_away_stays_away(account: Account, guard: Guard) -> None:
    seen = visible_to(worker(), account, guard)
    assert visible_to(worker(), seen, Guard.NOBODY) == seen


@settings(max_examples=60)
@given(accounts())
@pytest.mark.requirement("R463-10.2")
def test_it_looks_like_one_that_was_about_no_patient(account: Account) -> None:
    """Whoever compares the two forms learns nothing: each has all that the other has, and no more."""
    nobody = replace(account, patient=0, patient_name="")
    assert visible_to(auditor(), account, Guard.PATIENT) == visible_to(auditor(), nobody, Guard.NOBODY)


@settings(max_examples=60)
@given(accounts(), GUARDS)
def test_a_special_service_sees_all(account: Account, guard: Guard) -> None:
    assert visible_to(special_service(), account, guard) == account


@given(accounts(), st.sampled_from([PrincipalKind.PATIENT, PrincipalKind.REPRESENTATIVE, PrincipalKind.PERSON]))
@settings(max_examples=30)
def test_who_reads_of_himself_is_never_told_apart(account: Account, kind: PrincipalKind) -> None:
    own = replace(account, kind=kind.value)
    assert visible_to(auditor(), own, Guard.NOBODY) == visible_to(auditor(), own, Guard.PATIENT)


def test_not_there_not_for_you_and_protected_are_one_reason() -> None:
    seen = {
        visible_to(auditor(), replace(refused(7, code), patient=patient), guard).reasons
        for code, patient, guard in (
            ("NOT_FOUND", 0, Guard.NOBODY),
            ("AUTHZ_INCOMPLETE", 3, Guard.PATIENT),
            ("SECOND_PERSON_MISSING", 3, Guard.PATIENT),
        )
    }
    assert seen == {("NOT_FOUND",)}


QUERIES = [
    AccountQuery(), AccountQuery(about_a_patient=False), AccountQuery(about_a_patient=True),
    AccountQuery(studies=("", "1.2.1")), AccountQuery(takeovers=("",)), AccountQuery(patient_names=("prób",)),
    AccountQuery(patient_names=("",)), AccountQuery(surnames=("przy",)), AccountQuery(after=3),
]  # fmt: skip


def views(house: House, query: AccountQuery) -> list[Account]:
    return list(searched(house.archive.catalogue.accounts, auditor(), query=query))


@pytest.mark.requirement("R463-10.2")
def test_a_search_finds_what_is_seen_and_nothing_by_what_is_not(house: House) -> None:
    known = [
        house.looked(patient=number, study=f"1.2.{number}", kind=kind, operation=operation)
        for number in (0, 1, 2)
        for kind, operation in (
            ("medical-worker", "read"), ("patient", "read"), ("special-service", "accounts"), ("archive", "upkeep"),
        )
    ]  # fmt: skip
    known.append(house.looked(house.two, patient=1))
    protect(house.archive, ANNA)
    protect(house.archive, takeover=house.two.id)
    guard = {(house.one.id, 1): Guard.PATIENT, (house.two.id, 1): Guard.PROVIDER}
    seen = [visible_to(auditor(), each, guard.get((each.takeover, each.patient), Guard.NOBODY)) for each in known]
    by_patient = [AccountQuery(patients=((house.one.id, n),)) for n in (0, 1, 2)]
    by_holding = [AccountQuery(holdings=((house.one.id, n),)) for n in (0, 12)]
    for query in (*QUERIES, *by_patient, *by_holding, AccountQuery(takeovers=(house.two.id,))):
        assert views(house, query) == [each for each in seen if matches(query, each)], query
    assert views(house, AccountQuery(patients=((house.one.id, 1),))) == []
    assert views(house, AccountQuery(takeovers=(house.two.id,))) == []


@pytest.mark.requirement("R463-10.2")
def test_a_search_that_found_several_shows_those_alone_about_whom_one_was_let_in(house: House) -> None:
    anna = ((house.one.id, 1), (house.two.id, 2))
    bogdan, celina = (house.one.id, 2), (house.one.id, 3)
    search: dict[str, Any] = {"operation": "search", "query": "patient_id=90010112349", "count": 5, "manner": ""}
    several: dict[str, Any] = {"patient": 0, "patient_name": "", "ordinal": 0, "study": "", "document": None} | search
    for found in ((*anna, bogdan, celina), (*anna, celina), anna, (bogdan,)):
        house.looked(**several, patients=tuple(sorted(found)))
    kept = house.looked(**search, patient=3, patients=(celina,))
    protect(house.archive, BOGDAN)

    def shown(query: AccountQuery, *let_in: tuple[str, int]) -> list[tuple[tuple[tuple[str, int], ...], str]]:
        seen = searched(house.archive.catalogue.accounts, auditor(), query=query, let_in=frozenset(let_in))
        return [(each.patients, each.query) for each in seen]

    nothing = ((), "")
    assert shown(AccountQuery()) == [nothing] * 4 + [((celina,), kept.query)]
    assert shown(AccountQuery(patients=anna), *anna) == [(anna, ""), (anna, ""), (anna, kept.query)]
    assert shown(AccountQuery(patients=(celina,)), celina) == [((celina,), "")] * 2 + [((celina,), kept.query)]
    assert shown(AccountQuery(patients=(bogdan,))) == []
    whole = list(
        searched(house.archive.catalogue.accounts, special_service(), query=AccountQuery(), let_in=frozenset(anna))
    )
    assert whole == house.accounts()


@pytest.mark.requirement("R463-10.2")
def test_no_export_names_whom_a_search_of_a_protected_patient_asked_for(house: House) -> None:
    one: dict[str, Any] = {"operation": "search", "query": f"patient_id={BOGDAN.extension}", "manner": ""}
    house.looked(**one, patient=2, patient_name="", patients=((house.one.id, 2),))
    house.looked(**one, patient=0, patient_name="", patients=((house.one.id, 2), (house.two.id, 1)))
    house.looked(**one, patient=0, patient_name="")  # and found nobody
    asked = b64encode(one["query"].encode())
    for form in Form:
        before = b"".join(exported(house.accounts(), form, archive="archive.example"))
        assert BOGDAN.extension.encode() in before or asked in before
    protect(house.archive, BOGDAN)
    for form in Form:
        after = b"".join(exported(views(house, AccountQuery()), form, archive="archive.example"))
        assert after
        for telling in (BOGDAN.extension.encode(), asked, f"{house.one.id}/2".encode(), f"{house.one.id}.2".encode()):
            assert telling not in after


def test_an_end_of_protection_shows_again_what_was_there(house: House) -> None:
    known = house.looked()
    (flag,) = protect(house.archive, ANNA)
    assert [each.patient for each in views(house, AccountQuery())] == [0]
    unprotect(house.archive, flag)
    assert views(house, AccountQuery()) == [known]


def test_a_patient_asked_for_and_permitted_is_shown_whole_but_for_who_asked_in_secret(house: House) -> None:
    known = house.looked(kind="patient", reason="own", evidence="letter 1")
    service = house.looked(kind="special-service", operation="accounts")
    pairs = frozenset({(house.one.id, 1)})
    found = list(searched(house.archive.catalogue.accounts, auditor(), query=AccountQuery(), let_in=pairs))
    assert found[0] == known
    assert asked_by_service(found[1])
    assert (found[1].number, found[1].patient, found[1].takeover) == (service.number, 0, "")


@pytest.mark.requirement("R463-10.2", "R463-10.1.3")
def test_protected_and_unknown_patients_are_refused_alike_and_leave_like_accounts(house: House) -> None:
    protect(house.archive, BOGDAN)
    errand, told = house.errand(auditor()), []
    for wanted in (text(BOGDAN), "2.16.840.1.113883.3.4424.1.1.616^99999999998", f"{house.one.id}/77", "abc/1"):
        with pytest.raises(AccessRefused) as refusal:
            ask_of_patient(house.archive, errand, wanted)
        told.append((str(refusal.value), refusal.value.message, refusal.value.fields))
    assert len({str(each) for each in told}) == 1
    seen = views(house, AccountQuery())
    assert len({replace(each, number=0, at="", takeover="") for each in seen}) == 1
    assert [each.takeover for each in seen] == [house.one.id, "", "", ""]


@pytest.mark.requirement("R463-10.2")
def test_a_protected_provider_and_an_unknown_takeover_are_refused_alike(house: House) -> None:
    protect(house.archive, takeover=house.two.id)
    errand = house.errand(auditor())
    for wanted in (house.two.id, "ffffffff"):
        with pytest.raises(AccessRefused):
            ask_of_takeover(house.archive, errand, wanted)
    one, other = views(house, AccountQuery())
    assert replace(one, number=0, at="") == replace(other, number=0, at="")
    assert ask_of_takeover(house.archive, errand, house.one.id) == house.one.id


@pytest.mark.requirement("R463-10.2")
def test_a_second_person_lets_an_auditor_in(house: House) -> None:
    known = house.looked(patient=2)
    protect(house.archive, BOGDAN)
    approve(house.archive, Approval("", "admin-9", "auditor-1", AT - HOUR, AT + HOUR, house.one.id, 2))
    people = ask_of_patient(house.archive, house.errand(auditor()), text(BOGDAN))
    pairs = frozenset(each.pair for each in people)
    found = list(searched(house.archive.catalogue.accounts, auditor(), query=AccountQuery(), let_in=pairs))
    assert found[0] == known


def test_each_asking_has_one_account_about_whom_it_asked(house: House) -> None:
    before = len(house.accounts())
    ask_generally(house.archive, house.errand(auditor()))
    ask_of_patient(house.archive, house.errand(auditor()), text(CELINA))
    general, named = islice(house.accounts(), before, None)
    assert (general.operation, general.purpose, general.patient) == (Operation.ACCOUNTS, Purpose.AUDIT, 0)
    assert (named.takeover, named.patient, named.patient_name) == (house.one.id, 3, "Przykładowa^Osoba3")


def test_whoever_may_not_see_accounts_is_refused(house: House) -> None:
    with pytest.raises(AccessRefused):
        ask_generally(house.archive, house.errand(worker()))
