"""Verification runs go on from their cursor and find nothing twice."""

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.runs import RunState
from repository.findings import Finding


def test_a_run_goes_on_where_it_stopped(catalogue: Catalogue) -> None:
    made = catalogue.open_run("sealed", {"takeover": 1, "sample": "1/7"}, id="r1")
    assert (made.state, made.cursor, made.counts) == (RunState.RUNNING, None, {})
    first, second = Finding("VER-001", "takeovers/a"), Finding("VER-002", "takeovers/b", {"n": 2})
    catalogue.advance_run("r1", cursor=[1, "aa", 64], counts={"checked": 5}, findings=[first])
    again = catalogue.advance_run("r1", cursor=[1, "bb", 0], counts={"checked": 9}, findings=[second, first])
    assert (again.cursor, again.counts, again.scope) == ([1, "bb", 0], {"checked": 9}, {"takeover": 1, "sample": "1/7"})
    assert catalogue.run_findings("r1") == [first, second]
    assert catalogue.close_run("r1", RunState.FINDINGS).state is RunState.FINDINGS
    for deed in (
        lambda: catalogue.close_run("r1", RunState.WHOLE),
        lambda: catalogue.advance_run("r1", cursor=None, counts={}, findings=[Finding("VER-003")]),
        lambda: catalogue.open_run("sealed", {}, id="r1"),
    ):
        with pytest.raises(CatalogueConflict):
            deed()
    assert len(catalogue.run_findings("r1")) == 2
    catalogue.open_run("opened", {}, id="r2")
    assert [run.id for run in catalogue.runs()] == ["r2", "r1"]
    assert catalogue.run("r3") is None
