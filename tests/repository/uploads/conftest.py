"""Uploads of a home of their own, kept by a key ring that tests of a module share."""

from pathlib import Path

import pytest

from repository.uploads.keeping import Uploads
from storage.keys.small_secrets import SmallSecrets
from tests.builders.rings import ARCHIVE, key_ring
from tests.repository.uploads.kept_uploads import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> SmallSecrets:
    return SmallSecrets(key_ring(tmp_path_factory.mktemp("ring")), archive=ARCHIVE)


@pytest.fixture
def uploads(tmp_path: Path, clock: Clock, secrets: SmallSecrets) -> Uploads:
    return Uploads(tmp_path, clock=clock, secrets=secrets)
