"""Inventories of takeovers: complete, the same each time, and of what the asker may learn of alone."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from repository.access.account_query import AccountQuery
from repository.access.principal import Organisation
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover, Takeover
from repository.entitlement import give_custody, protect
from repository.errand import Errand
from repository.formats.dicom.inventory import CREATOR
from repository.intake import Order, receive
from repository.inventories import InventoryOvertaken, NoInventory, as_file, inventories, inventory_of, written
from repository.runtime import Archive, open_archive
from repository.transfer.opening import open_transfer
from tests.builders.access import OURS
from tests.builders.dicom import PESEL_ROOT, data_set, part10
from tests.builders.homes import new_home
from tests.builders.pushing import CLINIC, pacs

PEOPLE, STUDIES, IMAGES = range(1, 5), 2, 3


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(new_home(tmp_path)) as opened:
        yield opened


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made = tmp_path / "package"
    made.mkdir()
    for seed in PEOPLE:
        for study in range(1, STUDIES + 1):
            for instance in range(1, IMAGES + 1):
                image = data_set(seed, study=study, series=1 + instance % 2, instance=instance)
                (made / f"{seed}.{study}.{instance}.dcm").write_bytes(part10(image))
    return made


@pytest.fixture
def takeover(archive: Archive, package: Path) -> Takeover:
    made = receive(archive, Order(package), progress=lambda _: None)
    give_custody(archive, made.id, OURS, name="Nasza Przychodnia")
    return archive.catalogue.takeover(made.id)


def errand(house: Identifier = OURS) -> Errand:
    who = replace(pacs(), organisation=Organisation(house, "Nasza Przychodnia"))
    return Errand(principal=who, purpose=Purpose.CUSTODY, door="test")


def file_of(archive: Archive, takeover: Takeover) -> bytes:
    return b"".join(as_file(archive, errand(), inventory_of(archive, errand(), takeover)))


def instances(found: Dataset) -> Iterator[Dataset]:
    for study in found.InventoriedStudiesSequence:
        for series in study.InventoriedSeriesSequence:
            yield from series.InventoriedInstancesSequence


def test_it_tells_of_every_image_with_digest_size_and_log_index(
    archive: Archive, takeover: Takeover, package: Path
) -> None:
    found = dcmread(BytesIO(file_of(archive, takeover)))
    told = {}
    for each in instances(found):
        block = each.private_block(0x0009, CREATOR)
        told[each.SOPInstanceUID] = (block[1].value.hex(), block[2].value, block[3].value)
    kept = {
        each.description.dicom.sop_instance_uid: each
        for each in archive.catalogue.holdings(takeover.number)
        if each.description.dicom
    }
    handed_over = {dcmread(each).SOPInstanceUID: each.read_bytes() for each in package.iterdir()}
    assert set(told) == set(kept) == set(handed_over)
    for uid, (digest, size, index) in told.items():
        assert (digest, size) == (hashlib.sha256(handed_over[uid]).hexdigest(), len(handed_over[uid]))
        assert archive.catalogue.entries(index, index + 1) == [kept[uid].entry]
    assert found.TotalNumberOfStudyRecords == len(PEOPLE) * STUDIES
    study = found.InventoriedStudiesSequence[0]
    assert (study.NumberOfStudyRelatedSeries, study.NumberOfStudyRelatedInstances) == (2, IMAGES)
    assert study.StudyUpdateDateTime


def test_it_is_the_same_to_the_last_byte_each_time(archive: Archive, takeover: Takeover) -> None:
    one = file_of(archive, takeover)
    protect(archive, Identifier(PESEL_ROOT, "02070803628"))  # somebody else
    assert file_of(archive, takeover) == one


@pytest.mark.parametrize(("studies", "images"), [(1, 5000), (3, 5000), (100, 1), (100, 7)])
def test_it_is_the_same_however_many_studies_are_told_at_once(
    archive: Archive, takeover: Takeover, monkeypatch: pytest.MonkeyPatch, studies: int, images: int
) -> None:
    one = file_of(archive, takeover)
    monkeypatch.setattr("repository.inventories._STUDIES", studies)
    monkeypatch.setattr("repository.inventories._INSTANCES", images)
    monkeypatch.setattr("repository.inventories.MOST", 2)
    assert file_of(archive, takeover) == one


def test_it_has_accounts_that_name_every_patient_told(archive: Archive, takeover: Takeover) -> None:
    found = inventory_of(archive, errand(), takeover)
    before = archive.catalogue.journal.size()
    for _ in written(archive, errand(), found):
        pass
    accounts = list(archive.catalogue.accounts.search(AccountQuery(after=before)))
    assert sum(each.count for each in accounts) == len(PEOPLE) * STUDIES
    assert len({about for each in accounts for about in each.about}) == len(PEOPLE)


def test_a_protected_patient_is_nowhere_in_it_and_it_is_another_one(archive: Archive, takeover: Takeover) -> None:
    before = inventory_of(archive, errand(), takeover)
    protect(archive, Identifier(PESEL_ROOT, data_set(2).PatientID))
    found = inventory_of(archive, errand(), takeover)
    assert (found.studies, before.studies) == ((len(PEOPLE) - 1) * STUDIES, len(PEOPLE) * STUDIES)
    assert found.uid != before.uid
    content = file_of(archive, takeover)
    assert data_set(2).PatientID.encode() not in content
    assert data_set(2).StudyInstanceUID.encode() not in content
    assert data_set(1).PatientID.encode() in content


def test_one_that_was_overtaken_is_not_told_to_its_end(
    archive: Archive, takeover: Takeover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.inventories._STUDIES", 1)
    pieces = written(archive, errand(), inventory_of(archive, errand(), takeover))
    told = [next(pieces), next(pieces)]
    protect(archive, Identifier(PESEL_ROOT, data_set(4).PatientID))
    with pytest.raises(InventoryOvertaken):
        told += list(pieces)
    assert b"COMPLETE" not in b"".join(told)


def test_there_is_none_for_whoever_may_learn_of_nothing(archive: Archive, takeover: Takeover) -> None:
    with pytest.raises(NoInventory):
        inventory_of(archive, errand(CLINIC), takeover)
    assert list(inventories(archive, errand(CLINIC), None)) == []


def test_there_is_none_of_a_takeover_that_still_receives(archive: Archive, takeover: Takeover) -> None:
    receiving = open_transfer(archive, Handover(), peers=[])
    give_custody(archive, receiving.id, OURS, name="Nasza Przychodnia")
    assert [each.takeover.id for each in inventories(archive, errand(), None)] == [takeover.id]
    assert list(inventories(archive, errand(), [receiving.id, "01900000-0000-7000-8000-000000000000"])) == []
