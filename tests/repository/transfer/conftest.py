"""A new archive on either engine, with an open takeover that the clinic may push into."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repository.catalogue.turns import Turn
from repository.domain.takeover import Takeover
from repository.runtime import Archive
from repository.transfer.transfers import Transfers
from tests.builders.pushing import opened_for_clinic
from tests.repository.catalogue.conftest import ENGINES
from tests.repository.engines import archive_on
from tests.repository.transfer.sharers import Both, Process


@pytest.fixture(params=ENGINES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    with archive_on(request, tmp_path) as made:
        yield made


@pytest.fixture
def takeover(archive: Archive) -> Takeover:
    return opened_for_clinic(archive)


@pytest.fixture
def transfers(archive: Archive, takeover: Takeover) -> Iterator[Transfers]:
    with Transfers(archive) as made:
        yield made


@pytest.fixture
def processes(archive: Archive, takeover: Takeover) -> Iterator[Both]:
    both = Process(archive, takeover.number), Process(archive, takeover.number)
    yield both
    for each in both:
        each.sharing.close()


@pytest.fixture
def seen(archive: Archive, takeover: Takeover) -> Iterator[Turn]:
    """A third one, who asks whether anybody has the turn."""
    turn = archive.catalogue.depositing.turn(takeover.number)
    yield turn
    turn.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made
