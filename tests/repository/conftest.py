"""One PostgreSQL for all tests of this folder that a process runs, with databases of the newest schema."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from repository.catalogue.catalogue import create_catalogue
from repository.catalogue.migrating import NEWEST
from repository.catalogue.tables import job, metadata
from tests.builders.catalogues import copy_of_empty
from tests.peers.postgres import TEMPLATE, Postgres, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        running.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        create_catalogue(running.url(TEMPLATE)).close()
        yield running


class Databases:
    """Databases of the newest schema, emptied and used again: PostgreSQL takes a second to make and drop one here."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.free: list[str] = []
        self.kept = ExitStack()

    @contextmanager
    def one(self) -> Iterator[str]:
        url = self.free.pop() if self.free else self.kept.enter_context(self.server.database(TEMPLATE))
        yield url
        _empty(url)
        self.free.append(url)


def _empty(url: str) -> None:
    """As it was made. To truncate a table takes five times as long as to see that nothing is in it."""
    names = [f'"{table.name}"' for table in metadata.tables.values() if not table.info.get("seeded")]
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    with psycopg.connect(url, autocommit=True) as connection:
        found = {name for (name,) in connection.execute(asked.encode())}
        used = ", ".join(sorted(found | {f'"{job.name}"'}))  # its sequence goes on even where its rows were undone
        connection.execute(f"TRUNCATE {used} RESTART IDENTITY CASCADE".encode())
        connection.execute("UPDATE alembic_version SET version_num = %s", [NEWEST])


@pytest.fixture(scope="session")
def databases(server: Postgres) -> Iterator[Databases]:
    found = Databases(server)
    yield found
    found.kept.pop_all()  # they go with the server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "catalogue.db"
    copy_of_empty(path)
    return path
