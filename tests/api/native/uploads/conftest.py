"""An archive served by either engine, and its administrator."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.native.uploads.tus import ADMINISTRATOR
from tests.api.served import Served, served_sample
from tests.peers.postgres import postgres


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Served by either engine: what is done once, jobs and takeovers are rows."""
    folder = tmp_path_factory.mktemp("uploads")
    if request.param == "sqlite":
        with served_sample(folder, patients=1, images=1) as found:
            yield found
        return
    with (
        postgres() as server,
        server.database() as url,
        served_sample(folder, catalogue=url, patients=1, images=1) as found,
    ):
        yield found


@pytest.fixture
def client(made: Served) -> Iterator[httpx.Client]:
    with made.client(ADMINISTRATOR, purpose=None) as found:
        yield found
