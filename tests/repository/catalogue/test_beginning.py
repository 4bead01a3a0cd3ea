"""How transactions begin and end on both engines, and connections that are kept open between them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import cast

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from repository.catalogue import connections
from repository.catalogue.beginning import say
from repository.catalogue.catalogue import Catalogue
from repository.catalogue.connections import KEPT_OPEN
from repository.catalogue.engine import MOST, Room, read_url
from repository.catalogue.errors import CatalogueBusy, CatalogueError, CatalogueUnavailable
from repository.catalogue.log import take_sequencer
from repository.catalogue.prepared import told
from tests.peers.postgres import Postgres
from tests.repository.waiting import eventually

MANY = KEPT_OPEN + 3


@pytest.fixture
def room(fresh: Callable[[], str]) -> Iterator[Room]:
    opened = Room(read_url(fresh()))
    with opened.writing() as connection:
        connection.execute(text("CREATE TABLE kept (number integer)"))
    yield opened
    with opened.writing() as connection:  # the database is used again
        connection.execute(text("DROP TABLE kept"))
    opened.close()


@pytest.fixture
def served(server: Postgres) -> Iterator[Room]:
    with server.database() as url:
        opened = Room(read_url(url))
        yield opened
        opened.close()


def numbers(room: Room) -> list[int]:
    with room.reading() as connection:
        return list(connection.execute(text("SELECT number FROM kept ORDER BY number")).scalars())


def driver(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection.dbapi_connection)


def raw(connection: Connection, words: str) -> None:
    driver(connection).execute(words.encode() if connection.dialect.name == "postgresql" else words)


@pytest.mark.parametrize("by", ["the driver", "SQLAlchemy", "both"])
def test_what_is_written_is_there_and_what_is_broken_off_is_not(room: Room, by: str) -> None:
    def write(connection: Connection, number: int) -> None:
        if by != "SQLAlchemy":
            raw(connection, f"INSERT INTO kept VALUES ({number})")
        if by != "the driver":
            connection.execute(text(f"INSERT INTO kept VALUES ({number + 1})"))

    with room.writing() as connection:
        write(connection, 10)
    before = numbers(room)
    assert before == {"the driver": [10], "SQLAlchemy": [11], "both": [10, 11]}[by]
    with pytest.raises(ZeroDivisionError), room.writing() as connection:  # noqa: PT012  the end of it raises
        write(connection, 20)
        raise ZeroDivisionError
    assert numbers(room) == before
    with pytest.raises(CatalogueError), room.writing() as connection:  # noqa: PT012  the end of it raises
        write(connection, 30)
        raw(connection, "INSERT INTO nowhere VALUES (1)")
    assert numbers(room) == before
    with room.writing() as connection:  # and nothing of all that is left on a connection
        write(connection, 40)
    assert len(numbers(room)) == 2 * len(before)


def test_whoever_listens_hears_how_transactions_begin_and_end(room: Room) -> None:
    heard: list[str] = []
    for name in ("begin", "commit", "rollback"):
        event.listen(room.engine, name, lambda _connection, name=name: heard.append(name))
    with room.writing() as connection:
        raw(connection, "INSERT INTO kept VALUES (1)")
    with pytest.raises(ZeroDivisionError), room.writing() as connection:
        raise ZeroDivisionError
    assert heard == ["begin", "commit", "begin", "rollback"]
    assert numbers(room) == [1]


def test_what_is_read_together_is_one_state(room: Room) -> None:
    with room.together():
        assert numbers(room) == []
        other = threading.Thread(target=lambda: _insert(room, 1))
        other.start()
        other.join()
        assert numbers(room) == []
    assert numbers(room) == [1]


def _insert(room: Room, number: int) -> None:
    with room.writing() as connection:
        raw(connection, f"INSERT INTO kept VALUES ({number})")


def test_what_somebody_sets_for_his_statements_is_not_set_for_whoever_comes_next(room: Room) -> None:
    with room.reading() as connection:
        connection.execution_options(stream_results=True, yield_per=1)
        assert list(connection.execute(text("SELECT number FROM kept"))) == []
    with room.reading() as connection:
        assert dict(connection.get_execution_options()) == {}


def test_a_connection_that_the_server_ended_is_not_used_again(server: Postgres, served: Room) -> None:
    def process() -> int:
        with served.reading() as connection:
            return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    first = process()
    assert process() == first  # it was kept open
    server.run(f"SELECT pg_terminate_backend({first}, 5000)")
    assert process() != first


def test_a_transaction_whose_connection_is_ended_is_told_and_the_next_one_works(server: Postgres, served: Room) -> None:
    with pytest.raises(CatalogueUnavailable), served.writing() as connection:  # noqa: PT012  the end of it raises
        mine = driver(connection)
        server.run(f"SELECT pg_terminate_backend({mine.info.backend_pid}, 5000)")
    with served.writing() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("by", ["the driver", "SQLAlchemy"])
def test_a_commit_that_was_none_is_told(served: Room, by: str) -> None:
    """PostgreSQL answers COMMIT with ROLLBACK where a statement has failed before, whatever became of its error."""
    with pytest.raises(CatalogueError), served.writing() as connection:  # noqa: PT012  the end of it raises
        if by == "the driver":
            with pytest.raises(psycopg.Error):
                say(driver(connection), b"SELECT 1 / 0")
        else:
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT 1 / 0"))


def test_a_server_that_is_lost_amid_what_is_read_together_is_told_as_such(server: Postgres, served: Room) -> None:
    with pytest.raises(CatalogueUnavailable), served.together(), served.reading() as connection:  # noqa: PT012  the last raises
        server.run(f"SELECT pg_terminate_backend({driver(connection).info.backend_pid}, 5000)")
        connection.execute(text("SELECT 1"))
    with served.together(), served.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("listening", [False, True])
def test_what_is_prepared_at_the_server_outlives_a_transaction_that_is_broken_off(
    served: Room, listening: bool
) -> None:
    if listening:
        event.listen(served.engine, "rollback", lambda _connection: None)
    often = b"SELECT 2"  # so often that psycopg prepares it
    for _ in range(10):
        with served.reading() as connection:
            assert told(connection, "SELECT 'a'") == "a"
            driver(connection).execute(often)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), served.reading() as connection:  # noqa: PT012  the end of it raises
            driver(connection).execute(often)
            raise ZeroDivisionError
        with served.reading() as connection:
            assert told(connection, "SELECT 'a'") == "a"
            assert driver(connection).execute(often).fetchall() == [(2,)]


def test_no_more_connections_are_kept_open_than_there_is_reason_to(served: Room) -> None:
    here, done = threading.Barrier(MANY + 1, timeout=30), threading.Barrier(MANY + 1, timeout=30)

    def use() -> None:
        with served.reading() as connection:
            connection.execute(text("SELECT 1"))
            here.wait()
            done.wait()

    threads = [threading.Thread(target=use) for _ in range(MANY)]
    for each in threads:
        each.start()
    here.wait()
    done.wait()
    for each in threads:
        each.join()
    assert 0 < len(served._connections._idle) <= KEPT_OPEN


def test_whoever_waits_for_a_connection_has_it_before_whoever_comes_back(room: Room) -> None:
    places = room._connections._places
    leave, order = threading.Event(), list[str]()

    def hold() -> None:
        with room.reading():
            leave.wait(30)

    def wait() -> None:
        with room.reading():
            order.append("waited")

    holders = [threading.Thread(target=hold) for _ in range(MOST - 1)]
    waiter = threading.Thread(target=wait)
    with room.reading():
        for each in holders:
            each.start()
        assert eventually(lambda: places._free == 0)
        waiter.start()
        assert eventually(lambda: len(places._waiting) == 1)
    with room.reading():
        order.append("came back")
    leave.set()
    for each in (*holders, waiter):
        each.join(30)
    assert order == ["waited", "came back"]
    assert places._free == MOST


def test_whoever_waits_in_vain_is_told_and_takes_nobodys_place(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WAITING_SECONDS", 0.01)
    with ExitStack() as held:
        for _ in range(MOST):
            held.enter_context(room.reading())
        with pytest.raises(CatalogueBusy), room.reading():
            pytest.fail("there are no more than that")
    assert room._connections._places._free == MOST


def test_the_sequencers_place_is_waited_for(catalogue: Catalogue) -> None:
    room, order = catalogue._room, []
    began = threading.Event()

    def second() -> None:
        began.set()
        with room.writing() as connection:
            take_sequencer(connection)
            order.append("second")

    other = threading.Thread(target=second)
    with room.writing() as connection:
        take_sequencer(connection)
        other.start()
        assert began.wait(30)
        other.join(0.1)
        order.append("first")
    other.join(30)
    assert order == ["first", "second"]
