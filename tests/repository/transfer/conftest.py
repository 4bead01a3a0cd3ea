"""A new archive, with an open takeover that the clinic may push into."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repository.domain.takeover import Takeover
from repository.runtime import Archive, open_archive
from repository.transfer.transfers import Transfers
from tests.builders.homes import new_home
from tests.builders.pushing import opened_for_clinic


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(new_home(tmp_path)) as made:
        yield made


@pytest.fixture
def takeover(archive: Archive) -> Takeover:
    return opened_for_clinic(archive)


@pytest.fixture
def transfers(archive: Archive, takeover: Takeover) -> Iterator[Transfers]:
    with Transfers(archive) as made:
        yield made
