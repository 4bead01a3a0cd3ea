"""One archive, two processes whose clocks differ: what has ended has ended for both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from repository.access.decision import decide
from repository.access.facts import RelationKind
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.reach import reach
from repository.access.subject import Operation
from repository.entitlement import (
    approve,
    authorise,
    end_leave,
    give,
    give_custody,
    protect,
    relate,
    unrelate,
)
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    DAY,
    INSTANT,
    MINUTE,
    OURS,
    SUCCESSOR,
    TAKEOVER,
    administrator,
    approval,
    authorisation,
    objection,
    organisation,
    person,
    record,
    relation,
    request,
    worker,
)
from tests.builders.archives_at_rest import AtRest
from tests.repository.catalogue.conftest import Fresh
from tests.repository.catalogue.entitled import RULES, House, house_at

pytestmark = pytest.mark.requirement("R463-10.1.4")


@contextmanager
def two_clocks(keys: AtRest, url: str) -> Iterator[tuple[House, House]]:
    """Two processes over one archive; the first one's clock is ten minutes ahead of the second one's."""
    with house_at(keys, url) as ahead, house_at(keys, url) as behind:
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
