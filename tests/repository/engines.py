"""A new archive on the engine that a test is run for."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from repository.runtime import Archive, open_archive
from tests.builders.homes import new_home


@contextmanager
def archive_on(request: pytest.FixtureRequest, folder: Path) -> Iterator[Archive]:
    """`request` is of a fixture with `ENGINES` as its params."""
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("databases").one())
        yield stack.enter_context(open_archive(new_home(folder, catalogue=url)))
