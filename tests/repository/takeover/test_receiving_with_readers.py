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
from tests.builders.archives import write_files
from tests.builders.dicom import data_set, part10
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
