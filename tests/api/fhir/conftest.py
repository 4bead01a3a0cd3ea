"""One open takeover that documents are provided to, and somebody of the custodian who reads them."""

from collections.abc import Iterator

import httpx
import pytest

from repository.access.purpose import Purpose
from repository.entitlement import give_custody
from tests.api.dicomweb.pushing import Open, served_transfer
from tests.builders.access import OURS
from tests.builders.staff import Staff, session_of


@pytest.fixture(scope="module")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """For tests that look at their own documents alone: each has patients of its own."""
    with served_transfer(tmp_path_factory.mktemp("mhd")) as found:
        give_custody(found.archive, found.takeover.id, OURS, name="NZOZ Zdrowie")
        yield found


@pytest.fixture(scope="module")
def doctor(receiving: Open) -> Iterator[httpx.Client]:
    token = session_of(receiving.archive, Staff(), name="doctor").token
    with receiving.client(Authorization=f"Bearer {token}", EDM_Purpose=Purpose.TREATMENT.value) as client:
        yield client
