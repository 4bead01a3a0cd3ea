"""One served archive for all tests of a worker that change nothing in it."""

from collections.abc import Iterator

import pytest

from tests.api.served import Served, served_sample


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three patients with documents and a study of four images each, taken over and served."""
    with served_sample(tmp_path_factory.mktemp("served")) as made:
        yield made
