"""A takeover that processes read for: as one without them, wherever the package lies."""

import shutil
from pathlib import Path

import pytest

from repository.domain.takeover import Disposition, Item
from repository.home_lock import sole_writer
from repository.intake import Order, receive, statement_of
from repository.packages.package import HandoverPackage
from repository.samples.building import build_sample
from repository.takeover.readers import Readers
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.archives import write_files
from tests.builders.dicom import data_set, part10, person
from tests.builders.homes import at_home, new_home

pytestmark = pytest.mark.requirement("R463-6.1")


def test_a_takeover_with_readers_is_the_same_as_one_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "package"
    build_sample(source, patients=3, images=3, image_bytes=4096, damage=True)
    made = list[int]()
    begin = Readers.__init__

    def noting(self: Readers, package: HandoverPackage, *, count: int, home: Path) -> None:
        made.append(count)
        begin(self, package, count=count, home=home)

    monkeypatch.setattr(Readers, "__init__", noting)
    outcomes = []
    for forking in (False, True):
        (tmp_path / str(forking)).mkdir()
        with at_home(new_home(tmp_path / str(forking))) as archive:
            takeover = receive(archive, Order(source), progress=lambda _: None, forking=forking)
            items = list(archive.catalogue.items(takeover.number))
            holdings = [archive.catalogue.holding(takeover.number, each.ordinal) for each in items if kept(each)]
            said = [(each.ordinal, each.path, each.patient, each.sha256, each.description) for each in holdings]
            outcomes.append((takeover.state, statement_of(archive, takeover), items, said))
    assert outcomes[0] == outcomes[1]
    assert made == [1]


def kept(item: Item) -> bool:
    return item.disposition in {Disposition.KEPT, Disposition.ALTERED, Disposition.UNEXPECTED}


def test_a_package_that_lies_in_the_home_is_read_like_any_other(tmp_path: Path) -> None:
    settings = new_home(tmp_path)
    write_files(settings.home / "folder", {f"{number:03}": part10(data_set(number)) for number in range(200)})
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", settings.home / "folder")
    shutil.copy(packed, settings.home / "packed.zip")
    with at_home(settings) as archive, sole_writer(settings.home):
        for name in ("folder", "packed.zip"):
            takeover = receive(archive, Order(settings.home / name), progress=lambda _: None, forking=True)
            assert statement_of(archive, takeover).tally.kept == 200


def of_nobody(number: int) -> bytes:
    image = data_set(number)
    del image.PatientID, image.OtherPatientIDsSequence
    return part10(image)


def of_two(number: int) -> bytes:
    """An image that names a patient, and by another number the one before."""
    image = data_set(number)
    (other,) = image.OtherPatientIDsSequence
    other.PatientID, other.IssuerOfPatientIDQualifiersSequence = (
        person(number - 1).pesel,
        image.IssuerOfPatientIDQualifiersSequence,
    )
    return part10(image)


def test_what_is_noted_of_an_item_after_a_reader_had_it_is_sealed_with_it(tmp_path: Path) -> None:
    """Whose an item is, the parent alone knows; what the catalogue tells of it has to be what was sealed."""
    images = [part10(data_set(number)) for number in range(100)]
    images += [of_nobody(number) for number in range(100, 150)]
    images += [of_two(number) for number in range(1, 50)]
    write_files(tmp_path / "p", {f"{at:03}": image for at, image in enumerate(images)})
    with at_home(new_home(tmp_path)) as archive:
        takeover = receive(archive, Order(tmp_path / "p"), progress=lambda _: None, forking=True)
        held = archive.catalogue.holdings(takeover.number)
        noted = [finding.code for each in held for finding in each.description.findings]
        assert (noted.count("TKO-NO-PATIENT"), noted.count("TKO-PATIENT-AMBIGUOUS")) == (50, 49)
        report = verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None)
        assert list(report.findings) == []
