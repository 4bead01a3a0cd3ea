"""The benchmark of plans in small: no selective question reads a large table whole (`benchmarks/catalogue_plan.py`)."""

from collections.abc import Iterator

import pytest

from benchmarks.catalogue_plan import fill, plans
from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.engine import Room, read_url
from tests.builders.holdings import opened
from tests.peers.postgres import TEMPLATE, Postgres


@pytest.fixture
def url(server: Postgres) -> Iterator[str]:
    with server.database(TEMPLATE) as found:
        yield found


def test_every_question_is_answered_by_an_index(url: str) -> None:
    catalogue = open_catalogue(url)
    opened(catalogue)
    catalogue.close()
    rows, room = fill(url, 20_000, in_study=4), Room(read_url(url))
    found = list(plans(room, rows, in_study=4))
    room.close()
    assert len(found) >= 20
    assert [(plan.name, plan.scanned) for plan in found if plan.scanned] == []
    silent = {"unclaimed log entries", "holding by digest", "patient by birth date and name"}
    assert {plan.name for plan in found if not plan.found} <= silent
