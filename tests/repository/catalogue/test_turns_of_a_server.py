"""Turns that a PostgreSQL gives: they end with the connection, and the next has another one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from repository.catalogue import turns
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.engine import Room, read_url
from repository.catalogue.errors import CatalogueUnavailable
from repository.catalogue.turns import ServerTurn, turn_of
from tests.peers.postgres import Postgres
from tests.repository.catalogue.conftest import Databases
from tests.repository.waiting import eventually

PATIENCE = 60.0


@pytest.fixture
def on_server(databases: Databases) -> Iterator[tuple[str, Catalogue]]:
    with databases.one() as url:
        catalogue = open_catalogue(url)
        yield url, catalogue
        catalogue.close()


def end_connections(url: str, *, query: str) -> int:
    """How many connections to the database the server has ended, of those that last asked `query`."""
    with psycopg.connect(url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE %s", [f"%{query}%"],
        ).fetchall()  # fmt: skip
    assert all(done for (done,) in ended)
    return len(ended)


def test_a_connection_that_the_server_ended_has_it_no_more(on_server: tuple[str, Catalogue]) -> None:
    url, catalogue = on_server
    first, second = catalogue.depositing.turn(1), catalogue.depositing.turn(1)
    first.take()
    assert end_connections(url, query="pg_advisory_lock") == 1
    assert first.wanted()  # it is somebody else's, for all this one knows
    assert not second.taken()
    second.take()
    first.give()
    assert first.taken()
    second.give()
    first.take()
    assert second.taken()
    first.close()
    second.close()


def test_a_connection_that_the_server_ended_between_two_turns_is_opened_anew(on_server: tuple[str, Catalogue]) -> None:
    url, catalogue = on_server
    first = catalogue.depositing.turn(1)
    first.take()
    first.give()
    assert end_connections(url, query="pg_advisory") == 1
    first.take()
    assert catalogue.depositing.turn(1).taken()
    first.close()


def test_who_waits_for_it_and_loses_the_connection_is_told_and_may_come_again(
    on_server: tuple[str, Catalogue],
) -> None:
    url, catalogue = on_server
    first, second = catalogue.depositing.turn(1), catalogue.depositing.turn(1)
    first.take()
    first.wanted()  # its own connection asked something else since
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(second.take)
        assert eventually(first.wanted)
        assert end_connections(url, query="pg_advisory_lock") == 1
        assert isinstance(waits.exception(PATIENCE), CatalogueUnavailable)
    assert not first.wanted()
    first.give()
    second.take()
    assert first.taken()
    first.close()
    second.close()


def test_a_server_that_has_no_such_database_gives_no_turn(server: Postgres) -> None:
    room = Room(read_url(server.url("nowhere")))
    mine = turn_of(room, 1)
    for asking in (mine.take, mine.taken):
        with pytest.raises(CatalogueUnavailable):
            asking()
    mine.give()
    mine.close()
    room.close()


class _Interrupted:
    """The driver of a turn, that is interrupted before it asks."""

    def __init__(self, driver: "psycopg.Connection[tuple[bool]]") -> None:
        self._driver = driver

    def execute(self, *_: object) -> None:
        raise KeyboardInterrupt

    def close(self) -> None:
        self._driver.close()


def test_who_is_interrupted_while_he_gives_it_leaves_no_lock(on_server: tuple[str, Catalogue]) -> None:
    """A lock of a session is counted: taken once more, it would be given back by half."""
    _, catalogue = on_server
    first, second = (turn_of(catalogue._room, 1) for _ in range(2))
    assert isinstance(first, ServerTurn)
    first.take()
    assert first._driver is not None
    first._driver = _Interrupted(first._driver)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        first.give()
    assert eventually(lambda: not second.taken())
    first.take()
    first.give()
    assert not second.taken()
    first.close()
    second.close()


def test_who_has_it_and_says_nothing_for_too_long_has_it_no_more(
    on_server: tuple[str, Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a machine with a process of ours is gone, and nothing tells the server: its connection is idle."""
    _, catalogue = on_server
    with monkeypatch.context() as patch:
        patch.setattr(turns, "HELD_SECONDS", 0.2)
        gone = catalogue.depositing.turn(1)
        gone.take()
    after = catalogue.depositing.turn(1)
    after.take()
    assert gone.taken()
    gone.give()
    assert gone.taken()
    after.give()
    gone.take()
    assert after.taken()
    gone.close()
    after.close()
