"""An archive without accounts, on each engine, whose clock is set by hand and whose Argon2id is real but cheap."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from repository.runtime import Archive
from tests.builders.homes import at_home, new_home
from tests.builders.people import Clock, House, cheap_argon2
from tests.repository.catalogue.conftest import Fresh, fresh

__all__ = ["fresh"]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, fresh: Fresh, clock: Clock) -> Iterator[Archive]:
    with ExitStack() as opened:
        yield opened.enter_context(at_home(new_home(tmp_path, catalogue=fresh()), clock=clock))


@pytest.fixture
def house(archive: Archive, clock: Clock) -> House:
    return House(archive, clock)
