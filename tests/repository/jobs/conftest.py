"""An archive of its own for each test, open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repository.runtime import Archive
from repository.settings import Settings
from tests.builders.homes import at_home, new_home


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return new_home(tmp_path)


@pytest.fixture
def archive(settings: Settings) -> Iterator[Archive]:
    with at_home(settings) as opened:
        yield opened
