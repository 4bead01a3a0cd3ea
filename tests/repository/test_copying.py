"""First copies are counted for whom the law makes them free, when they have been given, and for nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repository.access.facts import Relation, RelationKind
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.copying import COUNTED, Copied, Counting, counts, name_of
from repository.domain.takeover import Takeover
from repository.entitlement import relate
from repository.intake import Order, receive
from repository.opening import Errand, Found, admit
from repository.reports.words import MANNERS
from repository.retrieval import deliver, target_for
from repository.runtime import Archive
from tests.builders.access import CELINA, identification, patient, person, worker
from tests.builders.cda import clinical_document
from tests.builders.homes import at_home, clinic_package, new_home

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(new_home(tmp_path), clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def takeover(archive: Archive, tmp_path: Path) -> Takeover:
    """Three patients with a document each."""
    return receive(archive, Order(clinic_package(tmp_path / "package", patients=3)), progress=lambda _: None)


def documents(archive: Archive, takeover: Takeover) -> list[Found]:
    return [Found(takeover, each) for each in archive.catalogue.holdings(takeover.number) if each.patient]


def known_now(principal: Principal) -> Principal:
    known = identification(at=NOW - timedelta(hours=1), until=NOW + timedelta(days=1))
    return replace(principal, identification=known)


def owner(archive: Archive, found: Found) -> Principal:
    (mine, *_) = archive.catalogue.entitling.identifiers_of(found.takeover.number, found.holding.patient)
    return known_now(patient(mine))


def errand(principal: Principal, manner: str = "copy", purpose: Purpose = Purpose.PATIENT_REQUEST) -> Errand:
    return Errand(principal=principal, purpose=purpose, door="cli", manner=manner)


def copied(archive: Archive, mine: Errand, wanted: list[Found], folder: Path) -> tuple[Copied, ...]:
    counting = Counting(archive, mine)
    admitted = admit(archive, mine, wanted, operation=Operation.READ)
    for each in deliver(archive, counting.passing(admitted), target_for(folder, single=False)):
        assert not each.fault
        counting.arrived()
    return counting.settle()


def noted(archive: Archive) -> int:
    return len(list(archive.catalogue.journal.deeds(kind="first-copy")))


def test_manners_that_count_are_manners_of_the_law() -> None:
    assert set(MANNERS) > COUNTED
    assert {"view", "electronic"}.isdisjoint(COUNTED)


@pytest.mark.parametrize("manner", sorted(MANNERS))
def test_only_a_patients_request_counts(manner: str) -> None:
    assert counts(errand(worker(), manner)) is (manner in COUNTED)
    assert not counts(errand(worker(), manner, Purpose.TREATMENT))


def test_the_first_copy_is_free_and_the_second_names_what_was_given(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    mine = documents(archive, takeover)[0]
    wanted = errand(owner(archive, mine))
    (first,) = copied(archive, wanted, [mine], tmp_path / "a")
    assert (first.documents, first.before) == ((name_of(mine),), ())
    assert (first.first, first.free, first.noted) == (True, True, True)
    assert first.records == (f"{takeover.id}/{mine.holding.patient}",)
    (second,) = copied(archive, replace(wanted, manner="carrier"), [mine], tmp_path / "b")
    assert (second.free, second.before) == (False, (name_of(mine),))


@pytest.mark.parametrize("manner", ["electronic", "view"])
def test_viewing_and_electronic_communication_use_up_nothing(
    archive: Archive, takeover: Takeover, tmp_path: Path, manner: str
) -> None:
    mine = documents(archive, takeover)[0]
    assert copied(archive, errand(owner(archive, mine), manner), [mine], tmp_path / "a") == ()
    assert noted(archive) == 0
    (first,) = copied(archive, errand(owner(archive, mine)), [mine], tmp_path / "b")
    assert first.free


def test_an_authorised_person_pays_and_does_not_use_up_the_patients_copy(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    mine = documents(archive, takeover)[0]
    whose = owner(archive, mine)
    assert whose.identifier is not None
    since = NOW - timedelta(days=9)
    relate(archive, Relation(RelationKind.AUTHORISED, CELINA, whose.identifier, since))
    (theirs,) = copied(archive, errand(known_now(person(CELINA))), [mine], tmp_path / "a")
    assert (theirs.entitled, theirs.free, theirs.noted) == (False, False, False)
    assert noted(archive) == 0
    (first,) = copied(archive, errand(whose), [mine], tmp_path / "b")
    assert first.free


def test_what_did_not_arrive_or_was_cut_off_is_not_counted(archive: Archive, takeover: Takeover) -> None:
    mine = documents(archive, takeover)[0]
    wanted = errand(owner(archive, mine))
    counting = Counting(archive, wanted)
    passed = list(counting.passing(admit(archive, wanted, [mine], operation=Operation.READ)))
    assert len(passed) == 1
    assert counting.settle() == ()
    cut_off = Counting(archive, wanted)
    for _ in cut_off.passing(passed):
        cut_off.arrived()
    assert noted(archive) == 0


def test_one_document_out_of_two_takeovers_is_one_copy_of_one_patient(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    (again / "document.xml").write_bytes(clinical_document(0))
    other = receive(archive, Order(again), progress=lambda _: None)
    (theirs,) = documents(archive, other)
    (mine,) = (each for each in documents(archive, takeover) if name_of(each) == name_of(theirs))
    (first,) = copied(archive, errand(owner(archive, mine)), [mine, theirs], tmp_path / "out")
    assert first.free
    assert first.documents == (name_of(mine),)
    assert set(first.records) == {f"{each.takeover.id}/{each.holding.patient}" for each in (mine, theirs)}
