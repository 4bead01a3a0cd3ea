"""Takeovers move as the domain says, items are listed once, and both survive being told twice."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import (
    CatalogueConflict,
    ForbiddenMove,
    TakeoverAmbiguous,
    TakeoverExists,
    TakeoverUnknown,
)
from repository.domain.takeover import FINAL, MOVES, Disposition, Handover, Item, Producer, Route, State
from tests.builders.holdings import AT, listed, opened
from tests.repository.catalogue.strategies import TEXT

NAMES = count()
LATER = "2026-02-02T03:04:05Z"


def test_a_takeover_is_given_back_equal(catalogue: Catalogue) -> None:
    handover = Handover(
        producer=Producer("Przychodnia ␛ \x00", "000000000001", "123456785", "1111111111"),
        successor=Producer("Następca"),
        cessation_date="2026-01-01",
        legal_basis="UPP art. 30a",
        route=Route.WOJEWODA,
        declared_counts={"items": 3, "bytes": 2**60},
    )
    made = catalogue.open_takeover(handover, id="0197-a", package="p", fingerprint="f", declared=False, opened_at=AT)
    assert made.number == 1
    assert made.state is State.RECEIVING
    assert catalogue.takeover("0197-a") == catalogue.takeover("0197") == made
    assert catalogue.takeover_by_fingerprint("f") == catalogue.takeover_by_number(1) == made
    assert catalogue.takeovers() == [made]


def test_a_package_is_opened_once(catalogue: Catalogue) -> None:
    opened(catalogue)
    with pytest.raises(TakeoverExists):
        opened(catalogue)
    assert len(catalogue.takeovers()) == 1


def test_a_name_must_be_known_and_alone(catalogue: Catalogue) -> None:
    opened(catalogue, "a")
    opened(catalogue, "ab")
    assert catalogue.takeover("takeover-a").id == "takeover-a"
    assert catalogue.takeover("takeover-ab").id == "takeover-ab"
    with pytest.raises(TakeoverAmbiguous):
        catalogue.takeover("takeover-")
    for wanted in ("", "x", "takeover-abc", "%"):
        with pytest.raises(TakeoverUnknown):
            catalogue.takeover(wanted)
    assert catalogue.takeover_by_fingerprint("x") is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wished=st.lists(st.sampled_from(State), max_size=8))
def test_only_the_moves_of_the_domain_are_made(catalogue: Catalogue, wished: list[State]) -> None:
    takeover = opened(catalogue, f"n{next(NAMES)}")
    state = State.RECEIVING
    for wanted in wished:
        if wanted in MOVES[state]:
            moved = catalogue.move(takeover.number, wanted, at=LATER)
            state = wanted
            assert moved.closed_at == (LATER if state in FINAL else "")
        else:
            with pytest.raises(ForbiddenMove):
                catalogue.move(takeover.number, wanted, at=LATER)
        assert catalogue.takeover_by_number(takeover.number).state is state


def test_of_many_who_move_a_takeover_one_wins(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    catalogue.move(number, State.RECEIVED, at=AT)
    catalogue.move(number, State.BALANCED, at=AT)
    ends = [State.ACCEPTED, State.REJECTED, State.ACCEPTED_WITH_EXCEPTIONS] * 2

    def attempt(state: State) -> State | None:
        try:
            return catalogue.move(number, state, at=AT).state
        except ForbiddenMove:
            return None

    with ThreadPoolExecutor(6) as pool:
        won = [state for state in pool.map(attempt, ends) if state is not None]
    assert won == [catalogue.takeover_by_number(number).state]
    with pytest.raises(TakeoverUnknown):
        catalogue.move(number + 1, State.RECEIVED, at=AT)


def test_the_archive_keeps_its_id(catalogue: Catalogue) -> None:
    assert catalogue.archive() == {}
    catalogue.set_archive("one", name="Archiwum")
    catalogue.set_archive("one", name="Archiwum II", origin="x")
    assert catalogue.archive() == {"id": "one", "name": "Archiwum II", "origin": "x"}
    with pytest.raises(CatalogueConflict):
        catalogue.set_archive("two")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_items_are_given_back_equal(catalogue: Catalogue, drawn: st.DataObject) -> None:
    number = opened(catalogue, f"n{next(NAMES)}").number
    numbers = st.integers(-1, 2**60)
    items = [
        drawn.draw(
            st.builds(Item, ordinal=st.just(ordinal), path=TEXT, size=numbers, declared=st.booleans(), reason=TEXT,
                declared_size=numbers, declared_digests=st.dictionaries(TEXT, TEXT, max_size=2),
                disposition=st.sampled_from(Disposition), duplicate_of=numbers, conflicts_with=numbers)
        )
        for ordinal in range(1, 4)
    ]  # fmt: skip
    assert catalogue.list_items(number, items) == 3
    assert catalogue.list_items(number, listed(1, 2, 3)) == 3
    assert list(catalogue.items(number)) == items
    assert catalogue.item(number, 2) == items[1]
    assert catalogue.item(number, 9) is None


def test_many_items_are_listed_in_little_memory(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    many = 20_000
    source = (Item(ordinal=n, path=f"data/{n}", size=n) for n in range(1, many + 1))
    tracemalloc.start()
    try:
        assert catalogue.list_items(number, source) == many
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 24_000_000
    ordinals = [item.ordinal for item in catalogue.items(number, after=many - 4500)]
    assert len(ordinals) == 4500
    assert all(after == before + 1 for before, after in pairwise(ordinals))
    assert list(catalogue.items(number, dispositions=[Disposition.KEPT])) == []
    pending = catalogue.items(number, dispositions=[Disposition.PENDING, Disposition.KEPT], after=many - 1)
    assert [item.ordinal for item in pending] == [many]
