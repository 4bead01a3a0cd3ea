"""What a signed report says, its signature checked."""

from typing import Any

import pytest

from repository.evidence.errors import PaperForged
from repository.evidence.signing import opened
from repository.reports.paper import Paper
from tests.repository.reports.conftest import House


def says(house: House, paper: Paper) -> dict[str, Any]:
    """What the paper says, its signature checked; nobody else's purpose or key opens it."""
    key = house.archive.ring.signing_public_key()
    value = opened(paper.signed, purpose=paper.kind.purpose, public_key=key)
    with pytest.raises(PaperForged):
        opened(paper.signed, purpose="protocol", public_key=key)
    assert value["columns"] == list(paper.kind.names)
    assert all(list(row) == sorted(value["columns"]) for row in value["rows"])  # canonical: keys in order
    assert [len(cells) for cells in paper.cells] == [len(value["columns"])] * len(value["rows"])
    return value
