"""Protection, approvals, custody and relations: whose record they are about, under whatever identifier."""

from datetime import datetime

import pytest

from repository.access.decision import decide
from repository.access.errors import NothingToEnd, RelationUnfit
from repository.access.facts import AfterDeath, Relation, RelationKind
from repository.access.subject import Subject
from repository.catalogue.errors import CatalogueConflict
from repository.consents.errors import IdentifierUnfit
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.entitlement import (
    approve,
    give,
    give_custody,
    note_death,
    protect,
    relate,
    unprotect,
    unrelate,
)
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    DARIUSZ,
    HOUR,
    INSTANT,
    OURS,
    SUCCESSOR,
    TAKEOVER,
    approval,
    consent,
    organisation,
    person,
    record,
    relation,
    request,
    worker,
)
from tests.repository.catalogue.entitled import LOCAL, PASSPORT, RULES, House, known_by

pytestmark = pytest.mark.requirement("R463-10.1.4")


@pytest.mark.requirement("R463-10.2")
def test_a_flag_covers_a_patient_by_every_identifier_and_in_every_takeover(house: House) -> None:
    one, two = known_by(house, "one", ANNA, PASSPORT, LOCAL), known_by(house, "two", PASSPORT, Identifier("", "5"))
    stranger = known_by(house, "three", BOGDAN, LOCAL)
    (flag,) = protect(house.archive, ANNA)

    def seen(takeover: str, *identifiers: Identifier) -> bool | None:
        subject = Subject(takeover=takeover, patient=1, patient_identifiers=identifiers)
        return house.desk.entitling.facts(worker(), subject).protected

    assert seen(one, LOCAL)  # the number of the patient leads to the others
    assert seen(one)
    assert seen(two, PASSPORT)
    assert seen("unknown", PASSPORT)
    assert not seen(stranger, BOGDAN, LOCAL)
    unprotect(house.archive, flag)
    assert not any((seen(one, LOCAL), seen(two, PASSPORT), seen(one, ANNA)))


def test_numbers_that_name_nobody_join_nobody(house: House) -> None:
    zeros = Identifier(PESEL_OID, "0" * 11)
    one, two = known_by(house, "one", ANNA, zeros), known_by(house, "two", zeros)
    protect(house.archive, ANNA)
    found = [
        house.desk.entitling.facts(worker(), Subject(takeover=each, patient=1, patient_identifiers=(zeros,))).protected
        for each in (one, two)
    ]
    assert found == [True, False]
    for unfit in (zeros, LOCAL, Identifier(PESEL_OID, " ")):
        with pytest.raises(IdentifierUnfit):
            protect(house.archive, unfit)
    with pytest.raises(IdentifierUnfit):
        protect(house.archive)


def test_a_family_is_protected_in_one_deed_each_and_lifted_one_by_one(house: House) -> None:
    flags = protect(house.archive, ANNA, CELINA, DARIUSZ)
    desk = house.desk.entitling

    def shielded() -> list[bool | None]:
        people = (ANNA, BOGDAN, CELINA, DARIUSZ)
        return [desk.facts(worker(), record(each)).protected for each in people]

    assert shielded() == [True, False, True, True]
    unprotect(house.archive, flags[0])
    assert shielded() == [False, False, True, True]
    with pytest.raises(CatalogueConflict):
        unprotect(house.archive, flags[0])
    assert [found for found, _, _ in desk.flags(patient=CELINA)] == [flags[1]]


def test_a_protected_provider_protects_all_of_its_takeover_and_no_other(house: House) -> None:
    protect(house.archive, takeover=TAKEOVER)
    protect(house.archive, LOCAL, takeover="other")
    desk = house.desk.entitling
    assert desk.facts(worker(), record(BOGDAN)).protected
    assert not desk.facts(worker(), record(BOGDAN, takeover="other")).protected
    assert desk.facts(worker(), record(LOCAL, takeover="other")).protected
    assert not desk.facts(worker(), record(LOCAL, takeover="third")).protected


@pytest.mark.requirement("R463-10.2")
def test_an_approval_is_for_one_record_alone(house: House) -> None:
    give(house.archive, consent(id=""))
    give(house.archive, consent(id="", patient=BOGDAN))
    protect(house.archive, ANNA, BOGDAN)

    def permitted(subject: Subject, at: datetime = AT) -> bool:
        known = house.desk.entitling.facts(worker(), subject)
        return decide(request(subject=subject, at=at), known, rules=RULES).permitted

    assert not permitted(record())
    approve(house.archive, approval(id=""))
    assert permitted(record())
    assert not permitted(record(patient=2))
    assert not permitted(record(BOGDAN, patient=3))
    approve(house.archive, approval(id="", takeover="", patient=0, identifier=BOGDAN))
    assert permitted(record(BOGDAN, patient=3))
    assert not permitted(record(BOGDAN, patient=3), AT + HOUR)
    assert not permitted(record(BOGDAN, patient=3), AT - 2 * HOUR)


@pytest.mark.requirement("R463-6.2")
def test_custody_passes_at_one_instant_for_the_decision_too(house: House) -> None:
    give_custody(house.archive, TAKEOVER, OURS, name="NZOZ Zdrowie")
    turn = house.pass_(7)
    give_custody(house.archive, TAKEOVER, SUCCESSOR, name="Następca")
    ours, theirs = worker(), worker(organisation=organisation(SUCCESSOR))

    def treats(who: object, at: datetime) -> bool:
        asked = request(who, at=at)  # type: ignore[arg-type]
        return decide(asked, house.desk.entitling.facts(asked.principal, asked.subject), rules=RULES).permitted

    for at, mine in ((AT, True), (turn - INSTANT, True), (turn, False), (turn + INSTANT, False)):
        assert (treats(ours, at), treats(theirs, at)) == (mine, not mine)
    assert not treats(ours, AT - INSTANT)
    assert [name for _, name in house.desk.entitling.custodians_of(TAKEOVER)] == ["NZOZ Zdrowie", "Następca"]


def test_relations_and_deaths_are_found_under_every_identifier(house: House) -> None:
    id_ = relate(house.archive, relation(RelationKind.CLOSE, patient=PASSPORT))
    note_death(house.archive, ANNA, AfterDeath("2026-10-02"))
    note_death(house.archive, PASSPORT, AfterDeath("2026-10-01", objected=True, overridden_for=(DARIUSZ,)))
    subject = record(patient_identifiers=(ANNA, PASSPORT))
    known = house.desk.entitling.facts(person(), subject)
    assert known.after_death == AfterDeath("2026-10-01", objected=True, overridden_for=(DARIUSZ,))
    assert known.relations is not None
    assert [each.kind for each in known.relations] == [RelationKind.CLOSE]
    assert house.desk.entitling.facts(person(DARIUSZ), subject).relations == ()
    moment = house.pass_()
    unrelate(house.archive, id_)
    (ended,) = house.desk.entitling.facts(person(), subject).relations or ()
    assert ended.until == moment
    with pytest.raises(IdentifierUnfit):
        relate(house.archive, Relation(RelationKind.CLOSE, CELINA, LOCAL, AT))
    with pytest.raises(IdentifierUnfit):
        note_death(house.archive, LOCAL, AfterDeath("2026-10-01"))


def test_relations_and_deaths_are_listed_by_patient_with_where_they_can_be_seen(house: House) -> None:
    desk = house.desk.entitling
    first = relate(house.archive, relation(RelationKind.AUTHORISED), evidence="akta 7")
    second = relate(house.archive, relation(RelationKind.CLOSE, person=DARIUSZ, until=AT + 9 * HOUR))
    relate(house.archive, relation(patient=BOGDAN))
    listed = desk.relations([ANNA])
    assert {(each.id, each.relation.kind, each.evidence) for each in listed} == {
        (first, RelationKind.AUTHORISED, "akta 7"), (second, RelationKind.CLOSE, ""),
    }  # fmt: skip
    assert desk.relation(second) in listed
    both = desk.relations([ANNA, ANNA, BOGDAN])
    assert [each for each in both if each.relation.patient == ANNA] == listed
    assert len(both) == 3
    assert desk.relations([CELINA]) == desk.relations([]) == []
    assert desk.relation("another") is None
    moment = house.pass_()
    unrelate(house.archive, second)  # before the end that was recorded for it
    known = desk.relation(second)
    assert known is not None
    assert known.relation.until == moment
    for ended in (second, "another"):
        with pytest.raises(NothingToEnd):
            unrelate(house.archive, ended)
    assert desk.after_death(ANNA) is None
    note_death(house.archive, ANNA, AfterDeath("2026-10-01", objected=True))
    note_death(house.archive, ANNA, AfterDeath("2026-10-02", overridden_for=(DARIUSZ,)))
    assert desk.after_death(ANNA) == AfterDeath("2026-10-02", overridden_for=(DARIUSZ,))
    assert desk.after_death(BOGDAN) is None


def test_nobody_is_related_to_himself_nor_backwards_in_time(house: House) -> None:
    for wrong in (relation(person=ANNA, patient=ANNA), relation(since=AT, until=AT)):
        with pytest.raises(RelationUnfit):
            relate(house.archive, wrong)
    assert house.desk.journal.size() == 0
