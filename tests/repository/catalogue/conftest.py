"""The same tests on both engines: `catalogue` is an empty catalogue, `fresh` makes more of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from shutil import copyfile

import pytest

from repository.catalogue.catalogue import Catalogue, open_catalogue
from tests.peers.postgres import Postgres
from tests.repository.catalogue.entitled import house, keys
from tests.repository.catalogue.keyed import clock, requests
from tests.repository.conftest import Databases

__all__ = ["Databases", "clock", "house", "keys", "requests"]  # all but the first are fixtures

ENGINES = ("sqlite", "postgresql")
Fresh = Callable[[], str]


@pytest.fixture(params=ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Each call gives the URL of another empty catalogue of the newest schema."""
    with ExitStack() as opened:
        if request.param == "postgresql":
            databases: Databases = request.getfixturevalue("databases")
            yield lambda: opened.enter_context(databases.one())
            return
        template: Path = request.getfixturevalue("sqlite_template")
        names = count()

        def copied() -> str:
            path = tmp_path / f"catalogue-{next(names)}.db"
            copyfile(template, path)
            return f"sqlite:///{path}"

        yield copied


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path, fresh: Fresh) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if "postgresql" in request.node.name:
        running: Postgres = request.getfixturevalue("server")
        with running.database() as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path / 'new' / 'catalogue.db'}"


@pytest.fixture
def catalogue(fresh: Fresh) -> Iterator[Catalogue]:
    opened = open_catalogue(fresh())
    yield opened
    opened.close()
