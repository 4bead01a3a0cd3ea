from pathlib import Path

import pytest

from tests.builders.archives_at_rest import AtRest
from tests.repository.upkeep.scene import two_takeovers


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    """An archive with two takeovers that nobody harmed; tests harm a copy."""
    return two_takeovers(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def archive(whole: AtRest, tmp_path: Path) -> AtRest:
    """A copy of the archive with two takeovers, to be harmed."""
    return whole.copy(tmp_path)
