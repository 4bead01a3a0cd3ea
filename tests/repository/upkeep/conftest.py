from pathlib import Path

import pytest

from tests.builders.archives_at_rest import AtRest
from tests.repository.upkeep.scene import one_takeover, two_takeovers


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    """An archive with two takeovers that nobody harmed; tests harm a copy."""
    return two_takeovers(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    """An archive with one takeover."""
    return one_takeover(tmp_path_factory.mktemp("small"))


@pytest.fixture
def archive(small: AtRest, tmp_path: Path) -> AtRest:
    """A copy of the archive with one takeover, to be harmed."""
    return small.copy(tmp_path)


@pytest.fixture
def two(whole: AtRest, tmp_path: Path) -> AtRest:
    """A copy of the archive with two takeovers, to be harmed."""
    return whole.copy(tmp_path)
