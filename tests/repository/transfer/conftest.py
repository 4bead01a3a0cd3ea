"""A new archive on either engine, with an open takeover that the clinic may push into."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from repository.domain.takeover import Takeover
from repository.runtime import Archive, open_archive
from repository.transfer.transfers import Transfers
from tests.builders.homes import new_home
from tests.builders.pushing import opened_for_clinic
from tests.repository.catalogue.conftest import ENGINES


@pytest.fixture(params=ENGINES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("databases").one())
        yield stack.enter_context(open_archive(new_home(tmp_path, catalogue=url)))


@pytest.fixture
def takeover(archive: Archive) -> Takeover:
    return opened_for_clinic(archive)


@pytest.fixture
def transfers(archive: Archive, takeover: Takeover) -> Iterator[Transfers]:
    with Transfers(archive) as made:
        yield made
