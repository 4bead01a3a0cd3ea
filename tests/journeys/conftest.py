"""Sites with a DICOM door, in clear and with TLS."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.office import opened_office
from tests.cli.running import Machine
from tests.journeys.dicom_site import Site, opened_site


@pytest.fixture(scope="module", params=["clear", "tls"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    office = opened_office(Machine(tmp_path_factory.mktemp("site")))
    with opened_site(office, tls=request.param == "tls") as made:
        yield made


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "out"
    made.mkdir()
    yield made
    shutil.rmtree(made)
