"""The benchmark of filtered searches in small: none reads the studies whole (`benchmarks/reaching.py`)."""

from collections.abc import Iterator

import pytest

from benchmarks.reaching import plans
from benchmarks.studies import filled, protect
from repository.catalogue.catalogue import Catalogue
from tests.peers.postgres import TEMPLATE, Postgres

STUDIES = 20_000


@pytest.fixture(scope="module")
def archive(server: Postgres) -> Iterator[Catalogue]:
    with server.database(TEMPLATE) as url:
        catalogue = filled(url, STUDIES, made=True)
        protect(catalogue, STUDIES)
        yield catalogue
        catalogue.close()


def test_no_filter_makes_a_question_read_the_studies_whole(archive: Catalogue) -> None:
    found = list(plans(archive, STUDIES))
    assert len(found) >= 25
    assert [each for each in found if each[2]] == []
