"""A verification that is recorded is a custody event in the log, and changes nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from repository.catalogue.catalogue import scratch_catalogue
from repository.evidence.proof import check_record
from repository.samples import build_sample
from repository.upkeep.checking import Level
from repository.upkeep.rebuilding import rebuild
from repository.upkeep.verifying import VerifyOrder, VerifyReport, verify
from repository.upkeep.witnessing import witness
from tests.builders.archives_at_rest import AtRest, at_rest

ORDER = VerifyOrder(level=Level.OPENED)


@pytest.fixture
def archive(tmp_path: Path) -> AtRest:
    found = at_rest(tmp_path)
    build_sample(tmp_path / "package", patients=1, images=1)
    found.receive(tmp_path / "package")
    return found


def checked(archive: AtRest) -> VerifyReport:
    with archive.open() as opened:
        return verify(opened, ORDER, progress=lambda _: None)


@pytest.mark.requirement("R463-7.4")
def test_a_recorded_verification_is_provable_from_the_log(archive: AtRest) -> None:
    with archive.open() as opened:
        report = verify(opened, ORDER, progress=lambda _: None)
        assert witness(opened, ORDER, report) == 1
        takeover = opened.catalogue.takeovers()[0]
        event = opened.catalogue.events(takeover.number)[-1]
        assert (event.kind, event.outcome) == ("fixity check", "whole")
        assert report.run in event.detail
        index = opened.catalogue.index_of_event(takeover.number, event.entry)
        assert index is not None
        proof = opened.log.prove_record(event.record, index)
        assert check_record(proof, [opened.log_key]).index == index


def test_a_recorded_verification_leaves_the_archive_whole_and_rebuildable(archive: AtRest, tmp_path: Path) -> None:
    with archive.open() as opened:
        witness(opened, ORDER, verify(opened, ORDER, progress=lambda _: None))
    assert checked(archive).whole
    told = scratch_catalogue(tmp_path / "told.sqlite")
    with archive.open() as opened:
        rebuild(opened, told, progress=lambda _: None)
        assert list(told.dump(1)) == list(opened.catalogue.dump(1))
    told.close()


def test_a_run_that_was_cut_off_says_nothing(archive: AtRest) -> None:
    with archive.open() as opened:
        report = verify(opened, ORDER, progress=lambda _: None)
        assert witness(opened, ORDER, replace(report, complete=False)) == 0
        assert [event.kind for event in opened.catalogue.events(1)] == ["capture", "validation", "ingestion end"]
