"""What is remembered of a patient for somebody who was let in is what would be gathered anew, at any time."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from repository.access.facts import RelationKind
from repository.access.principal import Principal
from repository.catalogue.entitling import About
from repository.catalogue.errors import HoldingUnknown
from repository.domain.describing import Identifier
from repository.entitlement import (
    approve,
    authorise,
    end_leave,
    give,
    give_custody,
    note_death,
    protect,
    relate,
    unprotect,
    unrelate,
    withdraw,
)
from repository.journal import note
from tests.builders.access import (
    ANNA,
    BOGDAN,
    CELINA,
    INSTANT,
    OURS,
    SUCCESSOR,
    administrator,
    approval,
    authorisation,
    consent,
    died,
    grant,
    objection,
    person,
    relation,
    worker,
)
from tests.builders.archives_at_rest import AtRest
from tests.builders.deeds import account
from tests.builders.holdings import image, opened, packed, paper
from tests.repository.catalogue.conftest import Fresh
from tests.repository.catalogue.entitled import House, house_at, known_by

pytestmark = pytest.mark.requirement("R463-10.1.4", "R463-10.2")
LOCAL = Identifier("", "local-1")
WHO: tuple[Principal, ...] = (worker(), administrator(), person(CELINA))


def looked(house: House, who: Principal, takeover: str, *, anew: bool = False, number: int = 1) -> About:
    """As somebody to whom something was opened."""
    desk = house.desk.entitling
    known = desk.about(who, takeover, number=number, patient=1, at=house.now[0], anew=anew)
    desk.keep(who, known, number=number)
    return known


def same(known: About, fresh: About) -> bool:
    return (known.subject, known.name, known.facts, known.state) == (
        fresh.subject,
        fresh.name,
        fresh.facts,
        fresh.state,
    )


def steps(house: House, takeover: str) -> list[Callable[[], object]]:
    """One after another, each of which bears on what somebody may see of the patient."""
    archive, ids = house.archive, dict[str, str]()

    def remember(name: str, made: object) -> None:
        ids[name] = made if isinstance(made, str) else made.id  # type: ignore[attr-defined]

    return [
        lambda: give_custody(archive, takeover, OURS, name="A"),
        lambda: remember("consent", give(archive, consent(id="", valid_from=house.now[0], valid_to=None))),
        lambda: withdraw(archive, ids["consent"]),
        lambda: give(archive, grant(id="", takeover=takeover, patient=None, valid_from=house.now[0], valid_to=None)),
        lambda: give(archive, objection(id="", valid_from=house.now[0])),
        lambda: remember("relation", relate(archive, relation(RelationKind.AUTHORISED))),
        lambda: unrelate(archive, ids["relation"]),
        lambda: remember("flag", protect(archive, ANNA)[0]),
        lambda: remember("approval", approve(archive, approval(id="", takeover=takeover))),
        lambda: end_leave(archive, ids["approval"]),
        lambda: unprotect(archive, ids["flag"]),
        lambda: remember("leave", authorise(archive, authorisation(id="", takeover=takeover))),
        lambda: end_leave(archive, ids["leave"]),
        lambda: note_death(archive, ANNA, died(objected=True)),
        lambda: give_custody(archive, takeover, SUCCESSOR, name="B"),
        lambda: known_by(house, "another", ANNA, BOGDAN),  # another takeover knows her by one more identifier
        lambda: protect(archive, BOGDAN),
    ]


def test_after_every_deed_what_is_remembered_is_what_would_be_gathered_anew(house: House) -> None:
    takeover = known_by(house, "one", ANNA, LOCAL)
    before: list[About] = []
    for step in steps(house, takeover):
        house.pass_()
        step()
        house.pass_()
        known = [looked(house, who, takeover) for who in WHO]
        assert not any(each.remembered for each in known)
        assert known != before
        assert all(same(each, looked(house, who, takeover, anew=True)) for each, who in zip(known, WHO, strict=True))
        again = [looked(house, who, takeover) for who in WHO]
        assert all(each.remembered for each in again)
        assert all(same(each, first) for each, first in zip(again, known, strict=True))
        before = known


def test_what_another_process_writes_is_known_on_the_next_request(keys: AtRest, fresh: Fresh) -> None:
    url = fresh()
    with house_at(keys, url) as here, house_at(keys, url) as there:
        takeover = known_by(here, "one", ANNA)
        for step in steps(there, takeover):
            step()
            here.now[0] = there.now[0] = here.now[0] + INSTANT
            assert same(looked(here, worker(), takeover), looked(here, worker(), takeover, anew=True))
            assert looked(here, worker(), takeover).remembered


def test_accounts_of_readings_make_nobody_forget(house: House) -> None:
    takeover = known_by(house, "one", ANNA)
    looked(house, worker(), takeover)
    note(house.archive, "account", account(), outcome="permitted")
    assert looked(house, worker(), takeover).remembered


def test_what_is_remembered_is_of_one_person_one_patient_and_no_earlier_moment(house: House) -> None:
    takeover = known_by(house, "one", ANNA)
    other = known_by(house, "two", BOGDAN)
    house.pass_(9)
    first = looked(house, worker(), takeover)
    assert not looked(house, worker(id="worker-9"), takeover).remembered
    assert not looked(house, worker(organisation=None), takeover).remembered
    assert looked(house, worker(), other, number=2).subject.patient_identifiers == (BOGDAN,)
    assert first.subject.patient_identifiers == (ANNA,)
    assert first.name == "Gęś^Anna"
    house.pass_(-5)
    assert not looked(house, worker(), takeover).remembered


def test_what_nobody_was_let_see_is_not_remembered(house: House) -> None:
    takeover = known_by(house, "one", ANNA)
    desk = house.desk.entitling
    for _ in range(2):
        assert not desk.about(worker(), takeover, number=1, patient=1, at=house.now[0]).remembered


def test_nobodys_record_and_one_that_is_not_there_have_facts_as_well(house: House) -> None:
    takeover = known_by(house, "one", ANNA)
    give_custody(house.archive, takeover, OURS, name="A")
    nobodys = house.desk.entitling.about(worker(), takeover, number=1, patient=0, at=house.pass_())
    assert (nobodys.subject.patient_identifiers, nobodys.name) == ((), "")
    assert [each.custodian for each in nobodys.facts.custody or ()] == [OURS]
    nowhere = house.desk.entitling.about(worker(), "", number=9, patient=0, at=house.now[0])
    assert (nowhere.facts.custody, nowhere.facts.permissions, nowhere.facts.protected) == ((), (), False)


def test_what_is_asked_together_is_of_one_state(keys: AtRest, fresh: Fresh) -> None:
    url = fresh()
    with house_at(keys, url) as here, house_at(keys, url) as there:
        takeover = known_by(here, "one", ANNA)
        with here.desk.together():
            assert here.desk.entitling.custody_of(takeover) == ()
            give_custody(there.archive, takeover, OURS, name="A")
            with here.desk.together():
                assert here.desk.entitling.custody_of(takeover) == ()
            assert here.desk.holding(1, 1).ordinal == 1
            with pytest.raises(HoldingUnknown):
                here.desk.holding(1, 2)
            assert looked(here, worker(), takeover).facts.custody == ()
        assert len(here.desk.entitling.custody_of(takeover)) == 1
        assert len(looked(here, worker(), takeover).facts.custody or ()) == 1


def test_holdings_are_read_at_once_in_the_order_in_which_they_were_asked_for(house: House) -> None:
    known_by(house, "one", ANNA)
    known_by(house, "two", BOGDAN)
    asked = [(2, 1), (1, 1), (2, 1)]
    assert house.desk.holdings_at(asked) == [(number, house.desk.holding(number, 1)) for number, _ in asked]
    assert house.desk.holdings_at([]) == []
    with pytest.raises(HoldingUnknown):
        house.desk.holdings_at([(1, 1), (1, 7)])
    ids = {each.number: each.id for each in house.desk.takeovers()}
    assert house.desk.takeover_ids({1, 2, 3}) == ids
    assert house.desk.takeover_ids(()) == {}


def test_somebodys_holding_is_the_first_patients_where_there_is_one(house: House) -> None:
    with pytest.raises(HoldingUnknown):
        house.desk.somebodys(1)
    takeover = opened(house.desk)
    with pytest.raises(HoldingUnknown):
        house.desk.somebodys(takeover.number)
    house.desk.record(takeover.number, [packed("aa", image(1, patient=0), takeover=takeover.number)])
    assert house.desk.somebodys(takeover.number) == (takeover.id, house.desk.holding(takeover.number, 1))
    house.desk.record(takeover.number, [packed("bb", paper(2), takeover=takeover.number)])
    assert house.desk.somebodys(takeover.number) == (takeover.id, house.desk.holding(takeover.number, 2))


def test_a_change_of_the_asker_is_asked_anew(house: House) -> None:
    takeover = known_by(house, "one", ANNA)
    looked(house, person(CELINA), takeover)
    assert not looked(house, replace(person(CELINA), identifier=BOGDAN), takeover).remembered
