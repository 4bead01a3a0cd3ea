"""Many demands at once, and many hands on one of them: none is lost, none doubled, none moves by a way that is none."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TypeVar

import pytest
from sqlalchemy import select

from repository.catalogue.demand_tables import demand_step
from repository.catalogue.errors import CatalogueConflict
from repository.demands.errors import DemandConflict, DemandMoved, WrongState
from repository.demands.moving import found
from repository.demands.order import Demand
from repository.demands.preparing import prepare
from repository.demands.progress import confirmations, progress
from repository.demands.receiving import confirm
from repository.demands.submitting import Receipt, accept_or_reject, submit
from repository.demands.verifying import forward, queue, verify
from repository.domain.demand import DemandState, Place, every_move
from repository.opening import archive_itself
from repository.runtime import Archive
from tests.builders.access import administrator, worker
from tests.repository.demands.making import TAKEOVER, archivist, brought_to, order, permitting, refusing, requester

pytestmark = pytest.mark.requirement("R463-5.2")
S = DemandState
HANDS = 8
T = TypeVar("T")


def at_once(deeds: Iterable[Callable[[], T]]) -> list[T | Exception]:
    """What each gives, or how it fails; up to HANDS of them at the same time."""

    def tried(deed: Callable[[], T]) -> T | Exception:
        try:
            return deed()
        except (WrongState, DemandConflict, CatalogueConflict) as error:
            return error

    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(tried, deeds))


def served(archive: Archive, number: int) -> Demand:
    """The way of demand `number`: each fifth lacks its purpose; each fourth goes on, and each twelfth is refused."""
    wanted = order(message_id=f"{number}", requester=worker(id=f"requester-{number % 7}"))
    demand = submit(archive, order(message_id=f"{number}", purpose=None) if number % 5 == 0 else wanted)
    if isinstance(accept_or_reject(archive, demand.id, by=archive_itself(archive)), Receipt) and number % 4 == 0:
        verdict = verify(archive, demand.id, decide=refusing if number % 3 == 0 else permitting, by=administrator())
        if verdict.decision.permitted:
            forward(archive, demand.id, by=administrator())
    return found(archive, demand.id)


def expected(number: int) -> DemandState:
    if number % 5 == 0:
        return S.REJECTED
    if number % 4:
        return S.ACCEPTED
    return S.REFUSED if number % 3 == 0 else S.FORWARDED


def test_a_thousand_demands_at_once(archive: Archive, request: pytest.FixtureRequest) -> None:
    many = 100
    if "sqlite" in request.node.name:
        many = 1000
        archive.catalogue._room.close()  # what it promises of the disk is another test's
        archive.catalogue._room.forgo_durability()
    done = at_once([lambda number=number: served(archive, number) for number in range(many)])  # type: ignore[misc]
    demands = [each for each in done if isinstance(each, Demand)]
    assert len(demands) == many
    assert len({demand.id for demand in demands}) == many
    assert {int(each.order.message_id): each.state for each in demands} == {n: expected(n) for n in range(many)}
    rows = list(archive.catalogue.demands.demands())
    assert Counter(row.id for row in rows) == Counter(demand.id for demand in demands)
    assert {demand.id for demand in queue(archive, by=administrator())} == {
        d.id for d in demands if d.state is S.FORWARDED
    }
    moves = assert_legal(archive, [demand.id for demand in demands])
    assert archive.catalogue.journal.size() == moves + 1 + many  # and the custody; each answer has its account
    assert archive.catalogue.log_size() == moves + 4 + many  # and the holdings


def assert_legal(archive: Archive, ids: Iterable[str]) -> int:
    """Each demand came where it is by moves that there are, one after the other; how many moves were made in all."""
    legal, wanted = set(every_move()), select(demand_step).order_by(demand_step.c.demand, demand_step.c.position)
    with archive.catalogue._room.reading() as connection:
        rows = connection.execute(wanted).all()
    steps = {name: list(mine) for name, mine in groupby(rows, key=lambda row: row.demand)}
    assert steps.keys() == set(ids)
    for mine in steps.values():
        assert [step.position for step in mine] == list(range(1, len(mine) + 1))
        assert {(step.from_state, step.to_state) for step in mine} <= legal
        assert [step.from_state for step in mine] == ["", *(step.to_state for step in mine[:-1])]
    return len(rows)


def test_one_message_submitted_by_many_at_once_is_one_demand(archive: Archive) -> None:
    orders = [order() for _ in range(5)]
    done = at_once([lambda one=one: submit(archive, one) for one in orders for _ in range(HANDS)])  # type: ignore[misc]
    ids = [each.id for each in done if isinstance(each, Demand)]
    assert len(ids) == len(done)
    assert sorted(Counter(ids).values()) == [HANDS] * 5
    assert len(list(archive.catalogue.demands.demands())) == 5
    assert archive.catalogue.journal.size() == 5 + 1


def test_of_different_messages_under_one_id_one_counts(archive: Archive) -> None:
    orders = [order(message_id="the-same", reason=f"reason {number}") for number in range(HANDS)]
    done = at_once([lambda one=one: submit(archive, one) for one in orders])  # type: ignore[misc]
    assert Counter(type(each).__name__ for each in done) == {"Demand": 1, "DemandConflict": HANDS - 1}


def test_a_demand_is_answered_once_however_many_answer_it(archive: Archive) -> None:
    demand = submit(archive, order())
    answers = at_once([lambda: accept_or_reject(archive, demand.id, by=archive_itself(archive))] * HANDS)
    assert len({str(each) for each in answers}) == 1
    assert isinstance(answers[0], Receipt)
    assert len(progress(archive, demand.id)) == 2


def test_of_two_workers_who_prepare_the_same_demand_one_wins(archive: Archive) -> None:
    demand = brought_to(archive, S.FORWARDED)
    workers = [archivist(id=f"archivist-{number}") for number in range(4)]

    def prepared(number: int) -> Demand:
        return prepare(
            archive, demand.id, worker=workers[number], holdings=[(TAKEOVER, 1 + number % 2)], decide=permitting
        )

    done = at_once([lambda number=number: prepared(number) for number in range(4)])  # type: ignore[misc]
    winners = [number for number, each in enumerate(done) if isinstance(each, Demand)]
    assert len(winners) == 1
    losers = [each for each in done if not isinstance(each, Demand)]
    assert all(isinstance(each, WrongState) and each.fields["state"] == "prepared" for each in losers)
    last = progress(archive, demand.id)[-1]
    assert last.by is not None
    assert last.by.id == workers[winners[0]].id


def test_a_worker_who_looked_before_another_prepared_is_told_so(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race, made certain: the other one prepares between the look and the deed."""
    from repository.demands import preparing

    demand, manifest = brought_to(archive, S.FORWARDED), preparing._manifest
    first, second = archivist(id="archivist-1"), archivist(id="archivist-2")

    def overtaken(*args: object) -> object:
        made = manifest(*args)  # type: ignore[arg-type]
        monkeypatch.undo()
        prepare(archive, demand.id, worker=second, holdings=[(TAKEOVER, 2)], decide=permitting)
        return made

    monkeypatch.setattr(preparing, "_manifest", overtaken)
    with pytest.raises(DemandMoved) as told:
        prepare(archive, demand.id, worker=first, holdings=[(TAKEOVER, 1)], decide=permitting)
    assert told.value.fields["state"] == "prepared"
    assert len(progress(archive, demand.id)) == 6


def test_confirmations_from_everywhere_at_once_confirm_once(archive: Archive) -> None:
    for _ in range(4):
        demand = brought_to(archive, S.RECEIVED)
        deeds = [lambda place=place: confirm(archive, demand.id, place=place, by=requester()) for place in [*Place] * 4]  # noqa: B023
        assert all(isinstance(each, Demand) for each in at_once(deeds))
        assert found(archive, demand.id).state is S.CONFIRMED
        assert len(confirmations(archive, demand.id)) == 2
        assert [move.state for move in progress(archive, demand.id)].count(S.CONFIRMED) == 1
