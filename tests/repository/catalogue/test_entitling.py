"""What the desk of entitlement gives to decide by: one state, about this record, on both engines."""

from collections.abc import Iterator  # noqa: I001 -- a name on each line would make the file too long
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event

from repository.access.decision import decide
from repository.access.errors import AuthorisationUnfit, NothingToEnd, RelationUnfit
from repository.access.facts import AfterDeath, Relation, RelationKind
from repository.access.permission import Grantee, GranteeKind, Permission
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.reach import reach
from repository.access.rules import rules_at
from repository.access.subject import Operation, Subject
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.errors import CatalogueConflict, CatalogueError
from repository.consents.errors import IdentifierUnfit
from repository.domain.describing import Identifier, PatientFacts
from repository.domain.identifiers import PESEL_OID
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
from repository.runtime import Archive
from tests.builders.access import (
    ANNA, AT, BOGDAN, CELINA, DARIUSZ, DAY, HOUR, INSTANT, MINUTE, OURS, SUCCESSOR, TAKEOVER, THEIRS,
    administrator, approval, authorisation, consent, facts, grant, objection, organisation, person, record,
    relation, request, system, worker,
)  # fmt: skip
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.builders.holdings import opened, packed, paper
from tests.repository.catalogue.conftest import Fresh

pytestmark = pytest.mark.requirement("R463-10.1.4")
PASSPORT = Identifier("2.16.840.1.113883.4.330.616", "AB1234567")
LOCAL = Identifier("", "77")
RULES = rules_at(AT.date())


@dataclass
class House:
    archive: Archive
    now: list[datetime] = field(default_factory=lambda: [AT])

    @property
    def desk(self) -> Catalogue:
        return self.archive.catalogue

    def pass_(self, steps: int = 1) -> datetime:
        self.now[0] += steps * INSTANT
        return self.now[0]

    def found(self, subject: Subject | None = None, **who: object) -> tuple[Permission, ...]:
        known = self.desk.entitling.facts(worker(**who), subject or record()).permissions
        assert known is not None
        return known


@pytest.fixture
def keys(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return at_rest(tmp_path_factory.mktemp("keys"))


@contextmanager
def at(keys: AtRest, url: str) -> Iterator[House]:
    now = [AT]
    with keys.open(catalogue=open_catalogue(url, now=lambda: now[0]), clock=lambda: now[0]) as archive:
        yield House(archive, now)


@pytest.fixture
def house(keys: AtRest, fresh: Fresh) -> Iterator[House]:
    with at(keys, fresh()) as made:
        yield made


def known_by(house: House, name: str, *identifiers: Identifier) -> str:
    """A takeover in which patient 1 has these identifiers; its id."""
    takeover = opened(house.desk, name)
    facts_of = PatientFacts(identifiers, "Gęś^Anna", "19500103", "F")
    holding = paper(1, facts=facts_of)
    unlike = replace(holding, record=name.encode(), entry=name.encode().ljust(32, b"."))
    house.desk.record(takeover.number, [packed("aa", unlike, takeover=takeover.number, facts=facts_of)])
    return takeover.id


def test_a_permission_is_found_by_any_identifier_and_by_its_grantee_alone(house: House) -> None:
    given = give(house.archive, consent(id="", patient=PASSPORT))
    subject = record(patient_identifiers=(LOCAL, ANNA, PASSPORT))
    assert house.found(subject) == (given,)
    assert house.found(record()) == ()
    assert house.found(subject, organisation=organisation(THEIRS)) == ()
    to_all = give(house.archive, grant(id="", patient=None, grantee=Grantee(GranteeKind.ANYBODY)))
    assert set(house.found(subject, organisation=None)) == {to_all}
    assert house.found(replace(subject, takeover="another"), organisation=None) == ()


def test_a_system_and_a_person_are_found_by_their_own_ids(house: House) -> None:
    pacs = give(house.archive, consent(id="", grantee=Grantee(GranteeKind.SYSTEM, Identifier("", "PACS-1"))))
    celina = give(house.archive, consent(id="", grantee=Grantee(GranteeKind.PERSON, CELINA)))
    desk = house.desk.entitling
    assert desk.facts(system(), record()).permissions == (pacs,)
    assert desk.facts(person(CELINA), record()).permissions == (celina,)
    assert desk.facts(system(id="PACS-2"), record()).permissions == ()


def test_objections_are_found_whoever_asks(house: House) -> None:
    said = give(house.archive, objection(id="", grantee=Grantee(GranteeKind.ORGANISATION, THEIRS)))
    assert house.found(organisation=None) == (said,)


@pytest.mark.requirement("R463-10.1.4")
def test_a_withdrawn_consent_is_gone_from_the_next_facts_whatever_the_clock_says(house: House) -> None:
    given = give(house.archive, consent(id=""))
    withdraw(house.archive, given.id)
    assert house.found() == ()
    behind = request(at=AT - HOUR)
    assert not decide(behind, house.desk.entitling.facts(worker(), record()), rules=RULES).permitted
    said = give(house.archive, objection(id=""))
    house.pass_()
    withdraw(house.archive, said.id)
    assert [each.ended_at for each in house.found()] == [house.now[0]]


def test_a_change_ends_the_edition_before_at_the_same_instant(house: House) -> None:
    first = give(house.archive, consent(id=""))
    moment = house.pass_()
    second = give(house.archive, replace(first, purposes=frozenset({Purpose.EMERGENCY})))
    assert (second.id, second.edition, second.recorded_at) == (first.id, 2, moment)
    listed = house.desk.entitling.permissions(patients=[ANNA])
    assert listed == [replace(first, ended_at=moment, end_reason="replaced"), second]
    assert house.found() == (second,)


def test_an_edition_before_the_one_that_it_follows_is_refused(house: House) -> None:
    given = give(house.archive, consent(id=""))
    house.pass_(-5)
    later = give(house.archive, given)
    assert later.recorded_at == given.recorded_at
    withdraw(house.archive, given.id)
    (last,) = house.desk.entitling.permissions(patients=[ANNA])[1:]
    assert last.ended_at == given.recorded_at


def test_two_who_change_one_consent_at_once_do_not_both(keys: AtRest, fresh: Fresh) -> None:
    url = fresh()
    with at(keys, url) as one, at(keys, url) as other:
        given = give(one.archive, consent(id=""))
        stale = other.desk.entitling.permission(given.id)
        other.desk.entitling.permission = lambda _: stale  # type: ignore[assignment,method-assign]
        one.pass_()
        give(one.archive, given)
        with pytest.raises(CatalogueConflict):
            give(other.archive, given)
        with pytest.raises(CatalogueConflict):
            withdraw(other.archive, given.id)
        assert [each.edition for each in one.desk.entitling.permissions(patients=[ANNA])] == [1, 2]


def test_facts_are_one_state_though_a_withdrawal_comes_between(keys: AtRest, fresh: Fresh) -> None:
    """The first statement of `facts` has run when, in another connection, protection is set and the consent ends."""
    url = fresh()
    with at(keys, url) as house, at(keys, url) as other:
        given = give(house.archive, consent(id=""))
        done: list[str] = []

        def between(_conn: object, _cursor: object, statement: str, *_: object) -> None:
            if "FROM protection" in statement and not done:
                done.append(statement)
                there = Thread(target=lambda: (protect(other.archive, ANNA), withdraw(other.archive, given.id)))
                there.start()
                there.join()

        event.listen(house.desk.entitling._room.engine, "after_cursor_execute", between)
        seen = house.desk.entitling.facts(worker(), record())
        assert done
        assert (seen.protected, seen.permissions) == (False, (given,))
        after = house.desk.entitling.facts(worker(), record())
        assert (after.protected, after.permissions) == (True, ())


def test_without_a_database_there_are_no_facts(house: House) -> None:
    give(house.archive, consent(id=""))
    room = house.desk.entitling._room

    with room.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE permission RENAME TO gone")
    try:
        with pytest.raises(CatalogueError):
            house.desk.entitling.facts(worker(), record())
    finally:
        with room.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO permission")


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


def test_an_authorisation_is_its_persons(house: House) -> None:
    given = authorise(house.archive, authorisation(id=""))
    assert house.desk.entitling.facts(worker(id="admin-1"), record()).authorisations == (given,)
    assert house.desk.entitling.facts(worker(), record()).authorisations == ()


def test_an_empty_archive_knows_nothing_and_says_so(house: House) -> None:
    assert house.desk.entitling.facts(worker(), record()) == facts()


def test_what_is_recorded_and_who_is_known_is_asked_for_many_at_once(house: House) -> None:
    known_by(house, "one", ANNA, LOCAL)
    given = give(house.archive, consent(id=""))
    desk = house.desk.entitling
    assert desk.recorded([given.id, "another"]) == {given.id}
    swapped = Identifier(LOCAL.root, ANNA.extension)
    assert desk.patients_among(1, [ANNA, BOGDAN, swapped, LOCAL]) == {ANNA, LOCAL}
    assert desk.patients_among(2, [ANNA]) == set()


def test_relations_and_deaths_are_listed_by_patient_with_where_they_can_be_seen(house: House) -> None:
    desk = house.desk.entitling
    first = relate(house.archive, relation(RelationKind.AUTHORISED), evidence="akta 7")
    second = relate(house.archive, relation(RelationKind.CLOSE, person=DARIUSZ, until=AT + 9 * HOUR))
    relate(house.archive, relation(patient=BOGDAN))
    listed = desk.relations([ANNA])
    assert [(each.id, each.relation.kind, each.evidence) for each in listed] == [
        (first, RelationKind.AUTHORISED, "akta 7"), (second, RelationKind.CLOSE, ""),
    ]  # fmt: skip
    assert desk.relation(second) == listed[1]
    assert desk.relations([ANNA, ANNA, BOGDAN])[:2] == listed
    assert len(desk.relations([ANNA, BOGDAN])) == 3
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


def test_an_authorisation_is_shown_as_it_lasts_and_no_approval_passes_for_one(house: House) -> None:
    desk = house.desk.entitling
    given = authorise(house.archive, authorisation(id=""))
    assert desk.authorisation(given.id) == given
    moment = house.pass_()
    end_leave(house.archive, given.id)
    assert desk.authorisation(given.id) == replace(given, until=moment)
    assert desk.authorisation(approve(house.archive, approval(id="")).id) is None
    for wrong in (authorisation(id="", reason=" - "), authorisation(id="", until=AT - HOUR)):
        with pytest.raises(AuthorisationUnfit):
            authorise(house.archive, wrong)


@contextmanager
def two_clocks(keys: AtRest, url: str) -> Iterator[tuple[House, House]]:
    """Two processes over one archive; the first one's clock is ten minutes ahead of the second one's."""
    with at(keys, url) as ahead, at(keys, url) as behind:
        ahead.now[0] = AT + 10 * MINUTE
        yield ahead, behind


def allowed(house: House, who: Principal, *, at: datetime | None, **asks: Any) -> bool:
    """Whether the house permits it by its own clock. A search must say the same."""
    asked = request(who, at=house.now[0], **asks)
    known = house.desk.entitling.facts(who, asked.subject, at=at)
    permitted = decide(asked, known, rules=RULES).permitted
    searched = replace(asked, operation=Operation.SEARCH)
    within = reach(searched, house.desk.reaching.facts_for_search(who, at=at), rules=RULES)
    assert within.holds(asked.subject, protected=bool(known.protected)) == permitted
    return permitted


@pytest.mark.parametrize("said", [True, False], ids=["moment said", "own clock"])
def test_what_a_clock_that_is_ahead_has_ended_has_ended_for_one_that_is_behind(
    keys: AtRest, fresh: Fresh, *, said: bool
) -> None:
    with two_clocks(keys, fresh()) as (ahead, behind):
        moment = AT if said else None
        give_custody(behind.archive, TAKEOVER, OURS, name="NZOZ Zdrowie")
        ours, admin = worker(), administrator()
        carer, theirs = person(CELINA), worker(organisation=organisation(SUCCESSOR))
        let_in = authorise(behind.archive, authorisation(id="", person=admin.id))
        held = relate(behind.archive, relation(RelationKind.AUTHORISED, person=CELINA))
        protect(behind.archive, BOGDAN)
        second = approve(behind.archive, approval(id="", takeover="", patient=0, identifier=BOGDAN))

        def open_to() -> list[bool]:
            return [
                allowed(behind, ours, at=moment),
                allowed(behind, ours, at=moment, subject=record(BOGDAN, patient=2)),
                allowed(behind, admin, at=moment, purpose=Purpose.MAINTENANCE),
                allowed(behind, carer, at=moment, purpose=Purpose.PATIENT_REQUEST),
                allowed(behind, theirs, at=moment),
            ]

        assert open_to() == [True, True, True, True, False]
        end_leave(ahead.archive, second.id)
        assert open_to() == [True, False, True, True, False]
        end_leave(ahead.archive, let_in.id)
        assert open_to() == [True, False, False, True, False]
        unrelate(ahead.archive, held)
        assert open_to() == [True, False, False, False, False]
        given = give(ahead.archive, objection(id="", valid_from=ahead.now[0], purposes=frozenset()))
        assert open_to() == [False] * 5
        (listed,) = behind.desk.entitling.permissions(patients=[ANNA])
        assert (
            (listed.recorded_at, listed.valid_from) == (given.recorded_at, given.valid_from) == (AT + 10 * MINUTE,) * 2
        )


@pytest.mark.requirement("R463-6.2")
@pytest.mark.parametrize("said", [True, False], ids=["moment said", "own clock"])
def test_custody_that_a_clock_ahead_has_passed_on_is_the_successors_at_once(
    keys: AtRest, fresh: Fresh, *, said: bool
) -> None:
    with two_clocks(keys, fresh()) as (ahead, behind):
        moment = AT if said else None
        ours, theirs = worker(), worker(organisation=organisation(SUCCESSOR))
        give_custody(behind.archive, TAKEOVER, OURS, name="NZOZ Zdrowie")
        assert (allowed(behind, ours, at=moment), allowed(behind, theirs, at=moment)) == (True, False)
        turn = give_custody(ahead.archive, TAKEOVER, SUCCESSOR, name="Następca").since
        assert turn == AT + 10 * MINUTE
        assert (allowed(behind, ours, at=moment), allowed(behind, theirs, at=moment)) == (False, True)
        first, last = behind.desk.entitling.custody_of(TAKEOVER)
        assert (first.since, first.until, last.since, last.until) == (AT, turn, turn, None)
        back = give_custody(behind.archive, TAKEOVER, OURS, name="Z powrotem").since
        assert back == turn + INSTANT
        assert (allowed(behind, ours, at=moment), allowed(behind, theirs, at=moment)) == (True, False)


def test_an_objection_that_is_to_begin_later_does_not_begin_at_once(keys: AtRest, fresh: Fresh) -> None:
    with two_clocks(keys, fresh()) as (ahead, behind):
        give_custody(behind.archive, TAKEOVER, OURS, name="NZOZ Zdrowie")
        give(ahead.archive, objection(id="", valid_from=AT + DAY, purposes=frozenset()))
        assert allowed(behind, worker(), at=AT)


def test_a_search_whose_clock_is_behind_the_one_before_it_is_not_told_what_that_one_was(house: House) -> None:
    """What is remembered was gathered when the objection had begun by the clock; the clock is then set back."""
    give_custody(house.archive, TAKEOVER, OURS, name="NZOZ Zdrowie")
    house.pass_(9)
    give(house.archive, objection(id="", valid_from=house.now[0], purposes=frozenset()))
    assert not allowed(house, worker(), at=house.now[0])
    house.pass_(-5)
    assert not allowed(house, worker(), at=house.now[0])
