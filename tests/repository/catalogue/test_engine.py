"""What PostgreSQL ends by itself, so that a process that sleeps inside a transaction keeps no lock for ever."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from repository.catalogue import migrating
from repository.catalogue.catalogue import create_catalogue
from repository.catalogue.engine import Room, read_url
from repository.catalogue.errors import CatalogueUnavailable
from tests.peers.postgres import Postgres

Fall = Callable[[psycopg.Connection[object]], None]


@pytest.fixture
def room(server: Postgres) -> Iterator[Room]:
    with server.database() as url:
        opened = Room(read_url(url))
        yield opened
        opened.close()


def _limits(room: Room) -> tuple[tuple[str, str], tuple[str, str]]:
    asked = text(
        "SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('transaction_timeout')"
    )
    with room.reading() as connection:
        reading = tuple(connection.execute(asked).one())
    with room.writing() as connection:
        writing = tuple(connection.execute(asked).one())
    return reading, writing  # type: ignore[return-value]


def test_a_transaction_that_writes_has_an_end_and_one_that_reads_has_none(room: Room) -> None:
    assert _limits(room) == (("1min", "0"), ("1min", "5min"))
    assert _limits(room) == (("1min", "0"), ("1min", "5min"))  # nothing of it stays on the connection


def test_the_limits_of_the_server_stay(server: Postgres) -> None:
    with server.database(transaction_timeout="7s", idle_in_transaction_session_timeout="8s") as url:
        room = Room(read_url(url))
        assert _limits(room) == (("8s", "7s"), ("8s", "7s"))
        room.close()


@pytest.mark.parametrize(("said", "so"), [("off", "on"), ("local", "local"), ("on", "on")])
def test_a_commit_is_on_the_disk_whatever_the_server_is_set_to(server: Postgres, said: str, so: str) -> None:
    with server.database(synchronous_commit=said) as url:
        room = Room(read_url(url))
        for begin in (room.reading, room.writing, room.reading):
            with begin() as connection:
                assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == so
        room.close()


def test_a_server_that_keeps_nothing_for_certain_is_named(server: Postgres, tmp_path: Path) -> None:
    with server.database() as url, closing(create_catalogue(url)) as catalogue:
        assert catalogue.not_durable() == ("fsync", "full_page_writes")  # as the tests start it, to be quick
    with closing(create_catalogue(f"sqlite:///{tmp_path / 'c.sqlite'}")) as catalogue:
        assert catalogue.not_durable() == ()


@pytest.mark.parametrize("said", [None, "7"])
def test_a_server_that_is_gone_without_a_word_is_noticed(server: Postgres, said: str | None) -> None:
    with server.database() as url:
        address = read_url(url)
        room = Room(address if said is None else address.update_query_dict({"keepalives_idle": said}))
        with room.reading() as connection:
            ours = cast("psycopg.Connection[object]", connection.connection.dbapi_connection)
            set_to = {each.keyword: each.val for each in ours.pgconn.info}
        assert set_to[b"tcp_user_timeout"] == b"60000"
        assert set_to[b"keepalives_idle"] == (said or "30").encode()  # what an operator says stays
        room.close()


def _between_two_statements(connection: psycopg.Connection[object]) -> None:
    """Nothing was sent since the last answer: "idle in transaction"."""


def _amid_a_pipeline(connection: psycopg.Connection[object]) -> None:
    """A statement was sent without a Sync, as `executemany` does: "active", waiting for its client."""
    pipe = connection.pgconn
    pipe.enter_pipeline_mode()
    pipe.send_query_params(b"INSERT INTO kept VALUES ($1)", [b"2"])
    pipe.send_flush_request()
    pipe.flush()


@pytest.mark.parametrize("falls_asleep", [_between_two_statements, _amid_a_pipeline])
def test_the_lock_of_a_writer_that_sleeps_is_free_again(server: Postgres, falls_asleep: Fall) -> None:
    with server.database(transaction_timeout="1s") as url:
        room = Room(read_url(url))
        with psycopg.connect(url) as other:
            other.execute("CREATE TABLE kept (number integer)")
            other.execute("INSERT INTO kept VALUES (1)")
        with pytest.raises(CatalogueUnavailable), room.writing() as connection:  # noqa: PT012  the end of it raises
            connection.execute(text("SELECT * FROM kept FOR UPDATE"))
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            falls_asleep(driver)
            with psycopg.connect(url) as other:
                assert other.execute("SELECT number FROM kept FOR UPDATE").fetchall() == [(1,)]
            connection.execute(text("INSERT INTO kept VALUES (3)"))
        room.close()
        with psycopg.connect(url) as other:
            assert other.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_an_upgrade_may_last_as_long_as_it_takes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list[str]()

    def ask(config: Config, _to: str) -> None:
        asked = text("SELECT current_setting('transaction_timeout')")
        found.append(config.attributes["connection"].execute(asked).scalar_one())

    monkeypatch.setattr(command, "upgrade", ask)
    migrating.upgrade(room)
    assert found == ["0"]
    assert _limits(room) == (("1min", "0"), ("1min", "5min"))
