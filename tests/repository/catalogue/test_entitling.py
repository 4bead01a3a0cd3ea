"""What the desk of entitlement gives to decide by: permissions, and one state of them, on both engines."""

from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import event

from repository.access.decision import decide
from repository.access.errors import AuthorisationUnfit
from repository.access.permission import Grantee, GranteeKind
from repository.access.purpose import Purpose
from repository.catalogue.errors import CatalogueConflict, CatalogueError
from repository.domain.describing import Identifier
from repository.entitlement import (
    approve,
    authorise,
    end_leave,
    give,
    protect,
    withdraw,
)
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    HOUR,
    THEIRS,
    approval,
    authorisation,
    consent,
    facts,
    grant,
    objection,
    organisation,
    person,
    record,
    request,
    system,
    worker,
)
from tests.builders.archives_at_rest import AtRest
from tests.repository.catalogue.conftest import Fresh
from tests.repository.catalogue.entitled import LOCAL, PASSPORT, RULES, House, house_at, known_by

pytestmark = pytest.mark.requirement("R463-10.1.4")


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
    with house_at(keys, url) as one, house_at(keys, url) as other:
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
    with house_at(keys, url) as house, house_at(keys, url) as other:
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
