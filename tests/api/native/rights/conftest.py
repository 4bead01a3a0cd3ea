"""One served archive in which rights are given and taken: tests of it use patients and permissions of their own."""

from collections.abc import Iterator

import httpx
import pytest

from repository.access.principal import PrincipalKind
from tests.api.served import Served, served_sample
from tests.builders.staff import Staff

ADMIN = Staff(kind=PrincipalKind.ADMINISTRATOR, given_name="Święcisław", surname="Ćwikła", role="archive")
AUDITOR = Staff(kind=PrincipalKind.AUDITOR, given_name="Róża", surname="Lis", role="archive")


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_sample(tmp_path_factory.mktemp("office"), patients=3, images=2, rate=1_000_000) as made:
        yield made


@pytest.fixture(scope="session")
def admin(office: Served) -> httpx.Client:
    return office.client(ADMIN, purpose=None)


@pytest.fixture(scope="session")
def auditor(office: Served) -> httpx.Client:
    return office.client(AUDITOR, purpose=None)


@pytest.fixture(scope="session")
def doctor(office: Served) -> httpx.Client:
    """Of the custodian."""
    return office.client(purpose=None)
