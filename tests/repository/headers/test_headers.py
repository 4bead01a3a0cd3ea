"""Metadata made ready: by a job, when it is asked for, after damage, after a rebuild; and erased with its key."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from repository.access.errors import AccessRefused
from repository.access.purpose import Purpose
from repository.catalogue.images import SeriesHeader
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.takeover import Takeover
from repository.headers.telling import Named, tell
from repository.intake import Order, receive
from repository.jobs.draining import drain
from repository.opening import Errand
from repository.runtime import Archive, open_archive
from repository.upkeep.checking import Level
from repository.upkeep.derived import header_fault
from repository.upkeep.gaps import Compared, gaps
from repository.upkeep.reaping import orphans, reap
from repository.upkeep.verifying import VerifyOrder, verify
from storage.errors import RecordKeyMissing
from tests.builders import dicom
from tests.builders.access import THEIRS, identification, organisation, worker
from tests.builders.homes import new_home
from tests.builders.imaging import image_package
from tests.builders.staff import custodian_of

STUDY = str(dicom.data_set(7).StudyInstanceUID)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    image_package(tmp_path / "package")
    with open_archive(new_home(tmp_path)) as opened:
        receive(opened, Order(tmp_path / "package"), progress=lambda _: None)
        yield opened


def takeover(archive: Archive) -> Takeover:
    return archive.catalogue.takeover_by_number(1)


def headers(archive: Archive) -> list[SeriesHeader]:
    return archive.catalogue.images.headers(1)


def errand(archive: Archive, house: Identifier | None = None) -> Errand:
    """A doctor of the custodian, or of `house`."""
    own = house or custodian_of(archive)
    at = now()
    known = identification(at=at - timedelta(hours=1), until=at + timedelta(days=1))
    who = worker(organisation=organisation(own), identification=known)
    return Errand(principal=who, purpose=Purpose.TREATMENT, door="dicomweb")


def told(archive: Archive) -> list[dict[str, object]]:
    pieces = list(tell(archive, errand(archive), Named(STUDY)).pieces)
    found: list[dict[str, object]] = orjson.loads(b"[" + b",".join(pieces) + b"]")
    return found


def test_a_job_makes_what_a_request_would_make(archive: Archive) -> None:
    drain(archive, owner="me")
    made = headers(archive)
    assert [each.instances for each in sorted(made, key=lambda each: each.series.series)] == [5, 1]
    assert len(told(archive)) == 6
    assert headers(archive) == made
    assert archive.catalogue.images.unprepared("headers") == []


def test_a_request_makes_what_no_job_has_made(archive: Archive) -> None:
    assert headers(archive) == []
    first = told(archive)
    assert len(headers(archive)) == 2
    assert told(archive) == first


def test_who_may_not_read_is_told_nothing_and_nothing_is_made(archive: Archive) -> None:
    with pytest.raises(AccessRefused):
        tell(archive, errand(archive, THEIRS), Named(STUDY))
    assert headers(archive) == []


def test_every_opening_has_its_account(archive: Archive) -> None:
    told(archive)
    told(archive)
    compared = Compared()
    assert list(gaps(archive, compared=compared)) == []
    assert compared.openings >= 4


def test_a_header_of_fewer_images_is_made_again(archive: Archive) -> None:
    told(archive)
    one = next(each for each in headers(archive) if each.instances == 5)
    archive.catalogue.images.forget_header(one)
    assert len(told(archive)) == 6
    assert one.key not in {each.key for each in headers(archive)}
    assert [each.key for each in orphans(archive)] == [one.key]
    assert [each.key for each in reap(archive)] == [one.key]
    assert list(orphans(archive)) == []


def test_damage_is_told_as_no_damage_to_what_is_kept_and_mended(archive: Archive) -> None:
    wanted, wanted_series = told(archive), headers(archive)
    one = wanted_series[0]
    archive.store.delete(one.key)
    archive.vault.forget(one.key)
    report = verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None)
    assert [each.code for each in report.findings] == ["VFY-HEADERS"]
    assert report.whole
    assert told(archive) == wanted
    every = headers(archive)
    assert len(every) == len(wanted_series)
    assert {header_fault(archive.store, each, takeover="t", level=Level.SEALED) for each in every} == {None}


def test_with_the_key_of_the_patient_the_metadata_is_gone(archive: Archive) -> None:
    told(archive)
    archive.vault.record_keys.destroy(UUID(hex=headers(archive)[0].record_key))
    for each in headers(archive):
        archive.vault.forget(each.key)
    with pytest.raises(RecordKeyMissing):
        told(archive)


def test_nothing_is_left_over_and_no_name_says_whose_it_is(archive: Archive) -> None:
    told(archive)
    assert list(orphans(archive)) == []
    for each in headers(archive):
        folder, of, patient, first, _ = each.key.split("/")
        assert (folder, of) == ("headers", takeover(archive).id)
        assert patient.isdecimal()
        assert first.isdecimal()
