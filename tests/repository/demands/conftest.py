"""An archive on either engine, with one takeover of two patients, and a clock that the test sets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repository.entitlement import give_custody
from repository.runtime import Archive
from tests.builders.access import SUCCESSOR
from tests.builders.holdings import image, opened, packed, paper
from tests.builders.homes import at_home, new_home
from tests.repository.catalogue.conftest import Fresh, fresh
from tests.repository.demands.making import TAKEOVER, Ticking, trusting

__all__ = ["fresh"]  # a fixture


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def archive(fresh: Fresh, tmp_path: Path, clock: Ticking) -> Iterator[Archive]:
    settings = trusting(new_home(tmp_path, catalogue=fresh()))
    with at_home(settings, clock=clock) as archive:
        filled(archive)
        yield archive


@pytest.fixture
def plain(sqlite_template: Path, tmp_path: Path, clock: Ticking) -> Iterator[Archive]:
    """On SQLite alone, where the engine does not matter."""
    settings = trusting(new_home(tmp_path))
    with at_home(settings, clock=clock) as archive:
        filled(archive)
        yield archive


def filled(archive: Archive) -> None:
    """Holdings 1 (image) and 2 (document) of patient 1; 3 of patient 2."""
    number = opened(archive.catalogue).number
    give_custody(archive, TAKEOVER, SUCCESSOR, name="Następca")
    archive.catalogue.record(number, [packed("aa", image(1), paper(2)), packed("bb", image(3, patient=2))])
