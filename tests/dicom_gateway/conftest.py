"""Doors that several tests ask, and none changes."""

from collections.abc import Iterator

import pytest

from tests.dicom_gateway.gateways import Door, opened


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A sample of three patients, and an open takeover: not to be stored into."""
    with opened(tmp_path_factory.mktemp("door"), patients=3) as made:
        yield made
