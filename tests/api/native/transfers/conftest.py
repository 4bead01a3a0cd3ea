"""An archive served by either engine, in which live transfers are opened; its administrator."""

from collections.abc import Iterator

import httpx
import pytest

from repository.runtime import open_archive
from tests.api.native.transfers.house import ADMINISTRATOR, CLERK, House
from tests.api.served import serving
from tests.builders.homes import new_home
from tests.builders.staff import session_of
from tests.peers.postgres import postgres


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("transfers")
    if request.param == "sqlite":
        with open_archive(new_home(folder)) as archive, serving(archive, rate=1_000_000) as url:
            yield House(url, archive, session_of(archive, CLERK, name="clerk").token)
        return
    with (
        postgres() as server,
        server.database() as catalogue,
        open_archive(new_home(folder, catalogue=catalogue)) as archive,
        serving(archive, rate=1_000_000) as url,
    ):
        yield House(url, archive, session_of(archive, CLERK, name="clerk").token)


@pytest.fixture
def boss(house: House) -> Iterator[httpx.Client]:
    with house.client(ADMINISTRATOR) as client:
        yield client
