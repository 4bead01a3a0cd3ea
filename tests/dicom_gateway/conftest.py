"""Doors that several tests ask, and none changes; and archives that each test has for itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repository.peers.registering import register
from repository.settings import Settings
from tests.dicom_gateway.gateways import CUSTODIAN, Door, named, opened
from tests.dicom_gateway.studies import STUDIES, taken_over
from tests.peers.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A sample of three patients, and an open takeover: not to be stored into."""
    with opened(tmp_path_factory.mktemp("door"), patients=3) as made:
        yield made


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """`STUDIES`, taken over; `ELSEWHERE` is a peer of another takeover."""
    folder = tmp_path_factory.mktemp("finding")
    with opened(folder, patients=0) as made:
        made.sample = taken_over(made, folder / "images", STUDIES)
        register(made.archive, named(CUSTODIAN, "ELSEWHERE", takeovers=(made.open_one.id,)))
        yield made


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that nothing is ever kept behind, but for what a test says."""
    with opened(tmp_path_factory.mktemp("wrong"), patients=1) as door:
        yield door


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an archive that receives."""
    with opened(tmp_path) as door:
        return door.archive.settings


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """To be stopped and started again."""
    with postgres({"synchronous_commit": "on"}) as running:  # what is acknowledged outlives the server
        yield running


@pytest.fixture
def door_on_postgresql(server: Postgres, tmp_path: Path) -> Iterator[Door]:
    """One patient's images, and an open takeover."""
    with server.database() as url, opened(tmp_path, patients=1, catalogue=url) as made:
        yield made
