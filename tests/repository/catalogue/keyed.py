"""Requests with a key, at a time that a test sets."""

from datetime import UTC, datetime

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.requests_once import RequestsOnce


class Clock:
    now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def requests(catalogue: Catalogue, clock: Clock) -> RequestsOnce:
    return RequestsOnce(catalogue._room, now=clock)
