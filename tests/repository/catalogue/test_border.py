"""What libpq says of a connection that it has lost is that the database is away, and no bug of ours."""

import pytest
from psycopg.pq import ExecStatus, PGconn

from repository.catalogue.beginning import checked
from repository.catalogue.border import translated
from repository.catalogue.errors import CatalogueUnavailable


def test_a_result_that_no_server_made_is_a_database_that_does_not_answer() -> None:
    result = PGconn.connect(b"host=/nowhere").make_empty_result(ExecStatus.FATAL_ERROR)
    with pytest.raises(CatalogueUnavailable), translated():
        checked(result)
