"""A catalogue that was put back from an old copy does not know what was withdrawn since: nobody reads or finds anything
by it, and nothing is written down; what looks for damage goes on, and names it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repository.access.subject import Operation
from repository.catalogue.query import Level, Query
from repository.domain.takeover import Takeover
from repository.entitlement import give_custody
from repository.evidence.errors import CatalogueBehindLog
from repository.opening import Found, admit, nothing_there
from repository.papers import in_custody_of
from repository.runtime import Archive
from repository.searching import gathered, search
from repository.upkeep.checking import Level as Depth
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.access import OURS
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.builders.errands import Clock, errand
from tests.builders.homes import clinic_package

pytestmark = pytest.mark.requirement("R463-10.2")


@pytest.fixture
def old(tmp_path: Path) -> AtRest:
    """One takeover is in its catalogue, and two are in its log."""
    made, clock = at_rest(tmp_path / "archive"), Clock()
    taken = made.receive(clinic_package(tmp_path / "one", patients=1))
    with made.open(clock=clock) as opened:
        give_custody(opened, taken.id, OURS, name="NZOZ Zdrowie")
    before = made.database.read_bytes()
    made.receive(clinic_package(tmp_path / "two", patients=2))
    made.database.write_bytes(before)
    return made


def read(archive: Archive, taken: Takeover) -> object:
    (holding,) = archive.catalogue.holdings(taken.number)
    return list(admit(archive, errand(), [Found(taken, holding)], operation=Operation.READ))


WAYS: dict[str, Callable[[Archive, Takeover], object]] = {
    "a reading": read,
    "a reading of what is not there": lambda archive, _: nothing_there(archive, errand()),
    "a search": lambda archive, _: search(archive, errand(), [Query(level=Level.PATIENT)]),
    "several looks": lambda archive, _: gathered(archive, errand(), lambda _: (None, [])),
    "custody": lambda archive, taken: in_custody_of(archive, errand().principal, taken),
}


@pytest.mark.parametrize("way", WAYS)
def test_nobody_learns_anything_by_it(old: AtRest, way: str) -> None:
    with old.open(clock=Clock()) as opened:
        (taken,) = opened.catalogue.takeovers()
        noted = opened.catalogue.journal.size()
        for _ in range(2):
            with pytest.raises(CatalogueBehindLog):
                WAYS[way](opened, taken)
        assert opened.catalogue.journal.size() == noted


@pytest.mark.parametrize("way", WAYS)
def test_by_one_that_knows_all_each_is_answered(tmp_path: Path, way: str) -> None:
    """So that it is the catalogue that was refused, and nothing else."""
    whole = at_rest(tmp_path / "other")
    whole.receive(clinic_package(tmp_path / "three", patients=1))
    with whole.open(clock=Clock()) as opened:
        (taken,) = opened.catalogue.takeovers()
        give_custody(opened, taken.id, OURS, name="NZOZ Zdrowie")
        WAYS[way](opened, taken)


def test_what_looks_for_damage_goes_on_and_names_it(old: AtRest) -> None:
    with old.open() as opened:
        report = verify(opened, VerifyOrder(level=Depth.SEALED), progress=lambda _: None)
    assert not report.whole
