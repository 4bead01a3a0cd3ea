"""The database itself keeps the order of the steps: every illegal row is refused, whoever writes it."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from sqlalchemy import Connection, text

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.demand_tables import demand_transition
from repository.catalogue.engine import Room
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.tables import metadata
from repository.domain.demand import FINAL, MOVES, DemandState, every_move

S = DemandState
STRAIGHT = ["", "submitted", "accepted", "verifying", "verified", "forwarded", "prepared", "signed", "sent", "received"]
WAYS = {state: STRAIGHT[1 : STRAIGHT.index(state) + 1] for state in STRAIGHT} | {
    "rejected": ["submitted", "rejected"],
    "refused": ["submitted", "accepted", "verifying", "refused"],
    "expired": ["submitted", "expired"],
    "confirmed": [*STRAIGHT[1:], "confirmed"],
}
STEP = (
    "INSERT INTO demand_step (demand, position, previous, from_state, to_state, at, number, confirmed_sim, "
    "confirmed_provider) VALUES (:demand, :position, :previous, :from_state, :to_state, 'now', 1, :sim, :provider)"
)
CONFIRMATION = (
    "INSERT INTO demand_confirmation (demand, place, position, state, at, number) "
    "VALUES (:demand, :place, :position, :state, 'now', 1)"
)


@pytest.fixture
def room(fresh: Callable[[], str]) -> Iterator[Room]:
    catalogue: Catalogue = open_catalogue(fresh())
    yield catalogue._room
    catalogue.close()


def step(connection: Connection, name: str, position: int, came_from: str, to: str, **changes: object) -> None:
    values: dict[str, object] = {
        "demand": name, "position": position, "previous": position - 1 or None, "from_state": came_from,
        "to_state": to, "sim": None, "provider": None,
    }  # fmt: skip
    if to == "confirmed":
        values |= {"sim": "sim", "provider": "provider"}
    connection.execute(text(STEP), values | changes)


def confirmation(connection: Connection, name: str, place: str, **changes: object) -> None:
    values = {"demand": name, "place": place, "position": len(STRAIGHT) - 1, "state": "received"}
    connection.execute(text(CONFIRMATION), values | changes)


def demand(connection: Connection, name: str, state: str) -> int:
    """A demand that came to `state` by legal steps; the position of the last."""
    said = "(:name, :name, :name, '', 'now', 1, '{}')"
    columns = "(id, requester_key, message_key, content_sha256, submitted_at, number, body)"
    connection.execute(text(f"INSERT INTO demand {columns} VALUES {said}"), {"name": name})
    before = ""
    for position, to in enumerate(WAYS[state], 1):
        if to == "confirmed":
            confirmation(connection, name, "sim")
            confirmation(connection, name, "provider")
        step(connection, name, position, before, to)
        before = to
    return len(WAYS[state])


def refused(room: Room, attempt: Callable[[Connection], None]) -> bool:
    try:
        with room.writing() as connection:
            attempt(connection)
    except CatalogueConflict:
        return True
    return False


def test_the_database_has_exactly_the_moves_of_the_code(room: Room) -> None:
    with room.reading() as connection:
        there = connection.execute(demand_transition.select()).all()
    assert sorted((row.from_state, row.to_state) for row in there) == every_move()
    assert all(bool(onward) is (state not in FINAL) for state, onward in MOVES.items())
    assert all((S.EXPIRED in onward) is (state not in FINAL) for state, onward in MOVES.items())


def test_every_illegal_move_is_refused_and_every_legal_one_taken(room: Room) -> None:
    """From each state to each state, with and without confirmations."""
    legal = set(every_move())
    for came_from, to in product(WAYS, S):
        name, confirmed = f"{came_from}-{to.value}", came_from == "received"
        with room.writing() as connection:
            position = demand(connection, name, came_from)
            if confirmed:
                confirmation(connection, name, "sim")
                confirmation(connection, name, "provider")
        attempt = refused(room, lambda one: step(one, name, position + 1, came_from, to.value))  # noqa: B023
        assert attempt is ((came_from, to.value) not in legal), name


def test_a_move_starts_where_the_one_before_ended(room: Room) -> None:
    """A legal pair of states that is not the demand's own is refused, at any position."""
    with room.writing() as connection:
        position = demand(connection, "d", "accepted")
    lies: list[tuple[int, str, str, dict[str, object]]] = [
        (position + 1, "verified", "forwarded", {}),
        (position + 1, "submitted", "accepted", {}),
        (position + 1, "", "submitted", {"previous": None}),
        (position + 1, "accepted", "verifying", {"previous": None}),
        (position + 1, "submitted", "rejected", {"previous": 1}),
        (position + 2, "accepted", "verifying", {"previous": position}),
        (position + 2, "accepted", "verifying", {}),
        (position, "submitted", "rejected", {}),
        (0, "", "submitted", {"previous": None}),
        (1, "", "submitted", {}),
        (1, "accepted", "verifying", {"previous": 0}),
        (-1, "accepted", "verifying", {"previous": -2}),
        (position + 1, "accepted", "verifying", {"demand": "another"}),
    ]
    for number, came_from, to, changes in lies:
        assert refused(room, lambda one: step(one, "d", number, came_from, to, **changes)), (number, came_from)  # noqa: B023
    assert not refused(room, lambda one: step(one, "d", position + 1, "accepted", "verifying"))


def test_a_demand_starts_by_being_submitted(room: Room) -> None:
    with room.writing() as connection:
        demand(connection, "d", "")
    for to in S:
        if to is not S.SUBMITTED:
            assert refused(room, lambda one: step(one, "d", 1, "", to.value)), to  # noqa: B023
    assert not refused(room, lambda one: step(one, "d", 1, "", "submitted"))


@pytest.mark.parametrize("there", [(), ("sim",), ("provider",)])
def test_confirmed_without_both_confirmations_is_refused(room: Room, there: tuple[str, ...]) -> None:
    with room.writing() as connection:
        position = demand(connection, "d", "received") + 1
        for place in there:
            confirmation(connection, "d", place)
    claims: list[dict[str, object]] = [
        {}, {"sim": None}, {"provider": None}, {"sim": None, "provider": None}, {"sim": "provider"},
        {"provider": "sim"}, {"sim": "", "provider": ""},
    ]  # fmt: skip
    for claim in claims:
        assert refused(room, lambda one: step(one, "d", position, "received", "confirmed", **claim)), claim  # noqa: B023
    claim = {"sim": "sim", "provider": "provider"}
    assert refused(room, lambda one: step(one, "d", position, "received", "expired", **claim))


def test_there_is_a_confirmation_only_of_what_was_received_and_one_for_each_place(room: Room) -> None:
    with room.writing() as connection:
        position = demand(connection, "sent", "sent")
        demand(connection, "d", "received")
        demand(connection, "other", "received")
        confirmation(connection, "d", "sim")
    lies: list[tuple[str, str, dict[str, object]]] = [
        ("sent", "sim", {"position": position, "state": "sent"}),
        ("sent", "sim", {"position": position}),
        ("sent", "sim", {}),
        ("d", "sim", {}),
        ("d", "elsewhere", {}),
        ("d", "", {}),
        ("nobody", "sim", {}),
    ]
    for name, place, changes in lies:
        assert refused(room, lambda one: confirmation(one, name, place, **changes)), (name, place)  # noqa: B023
    assert refused(room, lambda one: step(one, "other", len(STRAIGHT), "received", "confirmed"))


@pytest.mark.parametrize("table", ["demand", "demand_step", "demand_confirmation", "demand_transition"])
def test_what_was_done_is_neither_changed_nor_deleted(room: Room, table: str) -> None:
    with room.writing() as connection:
        demand(connection, "d", "confirmed")
        columns = [column.name for column in metadata.tables[table].columns]
        before = connection.execute(text(f"SELECT * FROM {table}")).all()
    for column in columns:
        assert refused(room, lambda one: one.execute(text(f"UPDATE {table} SET {column} = {column}"))), column  # type: ignore[arg-type]  # noqa: B023
    assert refused(room, lambda one: one.execute(text(f"DELETE FROM {table}")))  # type: ignore[arg-type]
    listed, again = ", ".join(columns), f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT "
    if room.sqlite:
        assert refused(room, lambda one: one.execute(text(f"REPLACE INTO {table} SELECT {listed} FROM {table}")))  # type: ignore[arg-type]
    keys = ", ".join(column.name for column in metadata.tables[table].primary_key.columns)
    upsert = f"{again} ({keys}) DO UPDATE SET {columns[-1]} = excluded.{columns[-1]}"
    assert refused(room, lambda one: one.execute(text(upsert)))  # type: ignore[arg-type]
    with room.reading() as connection:
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == before


def test_where_a_demand_stands_is_one_of_its_steps(room: Room) -> None:
    now = "INSERT INTO demand_now (demand, position, state, since, takeover) VALUES ('d', {}, '{}', 'now', '')"
    with room.writing() as connection:
        demand(connection, "d", "accepted")
    for position, state in ((1, "accepted"), (3, "verifying"), (2, "forwarded")):
        assert refused(room, lambda one: one.execute(text(now.format(position, state))))  # type: ignore[arg-type]  # noqa: B023
    assert not refused(room, lambda one: one.execute(text(now.format(2, "accepted"))))  # type: ignore[arg-type]


def test_a_demand_that_is_told_to_stand_where_it_has_left_is_not_found_there(room: Room) -> None:
    """Only a last step counts, whatever the table of standings says."""
    catalogue = Catalogue(room)
    with room.writing() as connection:
        demand(connection, "gone", "refused")
        connection.execute(text("INSERT INTO demand_now VALUES ('gone', 3, 'verifying', 'now', '')"))
        demand(connection, "here", "verifying")
        connection.execute(text("INSERT INTO demand_now VALUES ('here', 3, 'verifying', 'now', '')"))
    assert [row.id for row in catalogue.demands.demands([S.VERIFYING])] == ["here"]
