"""What a patient or representative may list, and what is looked at after an emergency."""

from dataclasses import replace
from typing import Any

import pytest

from repository.access.decision import Decision, decide
from repository.access.errors import AccessRefused
from repository.access.facts import Approval, Relation, RelationKind
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.domain.describing import Identifier
from repository.entitlement import approve, give, protect, relate
from repository.opening import decided
from repository.reports.errors import NotDueForReview
from repository.reports.patient_view import Decide, own_accounts, own_consents, own_documentation
from repository.reports.reviewing import due, review
from tests.builders.access import AT, DAY, HOUR, auditor, consent, patient, representative, worker
from tests.builders.access import CELINA as MOTHER
from tests.repository.reports.conftest import ANNA, BOGDAN, House

DUE: dict[str, Any] = {"purpose": "emergency", "duties": ("prominent", "review")}


def decide_by(house: House, asked: list[AccessRequest]) -> Decide:
    """The archive's decision; what was asked of it is in `asked`."""

    def answer(request: AccessRequest) -> Decision:
        asked.append(request)
        return decided(house.archive, request)

    return answer


@pytest.mark.requirement("R463-10.1.1")
def test_a_patient_lists_documents_and_studies_of_all_takeovers_and_nobody_elses(house: House) -> None:
    asked: list[AccessRequest] = []
    found = list(own_documentation(house.archive, patient(ANNA), decide=decide_by(house, asked), door="rest"))
    assert [(each.subject.takeover, each.subject.ordinal, each.subject.study) for each in found] == [
        (house.one.id, 10, ""), (house.one.id, 0, "1.2.1"), (house.two.id, 20, ""), (house.two.id, 0, "1.2.1"),
    ]  # fmt: skip
    assert {each.purpose for each in asked} == {"patient-request"}
    assert {each.operation for each in asked} == {"search"}
    assert found[0].subject.document == Identifier("1.2.616.1", "doc-10")
    assert found[0].subject.date == "20200103"


@pytest.mark.requirement("R463-10.1.1")
def test_a_representative_lists_whom_he_represents_and_nobody_else(house: House) -> None:
    parent, asked = representative(), list[AccessRequest]()
    decide = decide_by(house, asked)
    assert list(own_documentation(house.archive, parent, decide=decide, door="rest", patient=ANNA)) == []
    relate(house.archive, Relation(RelationKind.STATUTORY_REPRESENTATIVE, MOTHER, ANNA, AT - DAY))
    assert len(list(own_documentation(house.archive, parent, decide=decide, door="rest", patient=ANNA))) == 4
    assert list(own_documentation(house.archive, parent, decide=decide, door="rest", patient=BOGDAN)) == []
    assert list(own_documentation(house.archive, parent, decide=decide, door="rest")) == []


def test_what_is_decided_document_by_document_is_left_out_one_by_one(house: House) -> None:
    def but_studies(request: AccessRequest) -> Decision:
        facts = house.archive.catalogue.entitling.facts(request.principal, request.subject)
        found = decide(request, facts, rules=rules_at(request.at.date()))
        return found if not request.subject.study else Decision(("OBJECTION",), "", (), found.rules, request.at)

    found = list(own_documentation(house.archive, patient(ANNA), decide=but_studies, door="rest"))
    assert [each.subject.ordinal for each in found] == [10, 20]


@pytest.mark.requirement("R463-10.1.1", "R463-10.1.4")
def test_a_patient_lists_own_consents_once_each(house: House) -> None:
    given = give(house.archive, consent(id="", patient=ANNA))
    give(house.archive, consent(id="", patient=BOGDAN))
    found = own_consents(house.archive, patient(ANNA), decide=decide_by(house, []), door="rest")
    assert [(each.id, each.edition) for each in found] == [(given.id, 1)]
    assert own_consents(house.archive, worker(), decide=decide_by(house, []), door="rest", patient=ANNA) == []


@pytest.mark.requirement("R463-10.1.1")
def test_a_patient_lists_who_looked_but_not_upkeep_nor_services(house: House) -> None:
    known = house.looked()
    elsewhere = house.looked(house.two, patient=2)
    house.looked(patient=2)
    house.looked(kind="archive", operation="upkeep")
    house.looked(kind="special-service", operation="accounts")
    asked: list[AccessRequest] = []
    found = own_accounts(house.archive, patient(ANNA), decide=decide_by(house, asked), door="rest")
    assert list(found) == [known, elsewhere]
    assert {each.operation for each in asked} == {"accounts"}
    assert list(own_accounts(house.archive, patient(MOTHER), decide=decide_by(house, []), door="rest")) == []


@pytest.mark.requirement("R463-10.1.1")
def test_a_patient_learns_of_a_search_that_found_others_but_nothing_of_the_others(house: House) -> None:
    pairs = (house.one.id, 1), (house.one.id, 2), (house.two.id, 2)
    several: dict[str, Any] = {"operation": "search", "patient": 0, "patient_name": "", "ordinal": 0, "study": ""}
    several |= {"document": None, "manner": "", "query": f"patient_id={BOGDAN.extension[:4]}*", "count": 3}
    known = house.looked(**several, patients=pairs)
    mine = house.looked(**several, patients=(pairs[0], pairs[2]))
    house.looked(**several, patients=(pairs[1],))
    decide = decide_by(house, [])
    found = list(own_accounts(house.archive, patient(ANNA), decide=decide, door="rest"))
    assert found == [replace(known, patients=(pairs[0], pairs[2]), query="", count=0), mine]


@pytest.mark.requirement("R463-10.2")
def test_an_emergency_search_that_found_a_protected_patient_too_is_hidden_as_one_of_that_patient_alone(
    house: House,
) -> None:
    pairs = (house.one.id, 1), (house.one.id, 2)
    known = house.looked(**DUE, operation="search", patient=0, manner="", patients=pairs)
    protect(house.archive, BOGDAN)
    errand = house.errand(auditor())
    assert due(house.archive, errand) == []
    with pytest.raises(NotDueForReview):
        review(house.archive, errand, known.number)
    approve(house.archive, Approval("", "admin-9", "auditor-1", AT - HOUR, AT + HOUR, house.one.id, 2))
    assert due(house.archive, errand) == [known]


def test_placeholders_are_nobodys_own(house: House) -> None:
    nobody = patient(Identifier(ANNA.root, "00000000000"))
    assert list(own_documentation(house.archive, nobody, decide=decide_by(house, []), door="rest")) == []


# --- reviews


def test_an_emergency_waits_until_somebody_else_has_looked(house: House) -> None:
    known = house.looked(**DUE, reason="nieprzytomny")
    house.looked()
    errand = house.errand(auditor())
    assert due(house.archive, errand) == [known]
    deed = review(house.archive, errand, known.number, remark="ok")
    assert deed.body["by"] == "auditor-1"
    assert due(house.archive, errand) == []
    with pytest.raises(NotDueForReview):
        review(house.archive, errand, known.number)


def test_nobody_reviews_his_own_nor_what_does_not_wait(house: House) -> None:
    own = house.looked(**DUE, id="auditor-1")
    other = house.looked()
    for number in (own.number, other.number, 999, 0, -3):
        with pytest.raises(NotDueForReview):
            review(house.archive, house.errand(auditor()), number)
    with pytest.raises(AccessRefused):
        review(house.archive, house.errand(worker()), own.number)


@pytest.mark.requirement("R463-10.2")
def test_an_emergency_of_a_protected_patient_waits_for_two_persons(house: House) -> None:
    hidden, shown = house.looked(**DUE, patient=2), house.looked(**DUE)
    protect(house.archive, BOGDAN)
    errand = house.errand(auditor())
    assert due(house.archive, errand, limit=1) == [shown]
    with pytest.raises(NotDueForReview):
        review(house.archive, errand, hidden.number)
    approve(house.archive, Approval("", "admin-9", "auditor-1", AT - HOUR, AT + HOUR, house.one.id, 2))
    assert due(house.archive, errand) == [hidden, shown]
    review(house.archive, errand, hidden.number)
