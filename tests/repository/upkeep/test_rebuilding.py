"""The object store and the key ring are enough: the catalogue made again is equal to the one that was lost."""

from collections.abc import Iterator
from contextlib import closing as closed
from contextlib import contextmanager
from pathlib import Path

import pytest

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.domain.takeover import FINAL
from repository.evidence.errors import CatalogueBehindLog
from repository.intake import Order, protocol_of, receive
from repository.packages.package import open_package
from repository.samples.building import build_sample
from repository.upkeep.rebuilding import Rebuilt, rebuild
from repository.upkeep.rotating import rotate
from repository.upkeep.verifying import VerifyOrder, verify
from storage.errors import SealBroken
from tests.builders.archives import tar_bytes
from tests.builders.archives_at_rest import AtRest, at_rest, bare_package
from tests.builders.catalogues import new_catalogue
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore
from tests.builders.homes import assert_whole
from tests.builders.shared import official_examples
from tests.peers.postgres import postgres
from tests.repository.upkeep.scene import OPENED, places, report, rich

pytestmark = pytest.mark.requirement("R463-7.3")


@contextmanager
def rebuilt(archive: AtRest, url: str) -> Iterator[tuple[Catalogue, Rebuilt]]:
    """A catalogue at `url`, made from the store alone: the archive has an empty one when it is opened."""
    with archive.open(catalogue=new_catalogue(url)) as opened:
        yield opened.catalogue, rebuild(opened, opened.catalogue, progress=lambda _: None)


def assert_equal(archive: AtRest, url: str) -> Rebuilt:
    with rebuilt(archive, url) as (fresh, done), closed(open_catalogue(f"sqlite:///{archive.database}")) as old:
        assert [each.id for each in fresh.takeovers()] == [each.id for each in old.takeovers()]
        for one, other in zip(old.takeovers(), fresh.takeovers(), strict=True):
            assert list(fresh.dump(other.number)) == list(old.dump(one.number))
        assert (fresh.log_size(), fresh.last_checkpoint()) == (old.log_size(), old.last_checkpoint())
        assert fresh.archive()["id"] == old.archive()["id"]
        assert fresh.unclaimed() == 0
        assert done.findings == []
    return done


def test_a_rebuilt_catalogue_is_equal(two: AtRest, tmp_path: Path) -> None:
    done = assert_equal(two, f"sqlite:///{tmp_path}/new.sqlite")
    known = places(two)
    assert (done.takeovers, done.objects) == (2, len(known))
    assert done.holdings == sum(len(place.holdings) for place in known)


def test_a_rebuilt_catalogue_is_equal_after_rotation(archive: AtRest, tmp_path: Path) -> None:
    with archive.open() as opened:
        rotate(opened, progress=lambda _: None)
    assert_equal(archive, f"sqlite:///{tmp_path}/new.sqlite")


def test_the_order_in_which_facts_came_does_not_matter(tmp_path: Path) -> None:
    """One patient, whom several files know by different names; several studies and duplicates and conflicts."""
    archive = at_rest(tmp_path / "archive")
    files: dict[str, bytes] = {}
    for number in range(30):
        image = data_set(number % 3, study=number % 2, instance=number % 7)
        image.PatientName = f"Nazwisko{number % 5}^Imię"
        image.StudyDescription = f"Badanie {number % 4}"
        files[f"{number * 7 % 30:02}.dcm"] = part10(image) + bytes(2 * (number % 3))
        files[f"doc{number:02}.xml"] = clinical_document(number % 4, version=1 + number % 2)
    files["metadata/patients.csv"] = b"local_id,family_name\nP-1,Nieobecny\nP-2,Nieobecna\n"
    archive.receive(bare_package(tmp_path / "one", files))
    (tmp_path / "two.tar").write_bytes(tar_bytes(dict(reversed(files.items()))))
    archive.receive(tmp_path / "two.tar")
    assert_equal(archive, f"sqlite:///{tmp_path}/new.sqlite")


def test_a_catalogue_is_rebuilt_on_postgresql_and_goes_on_there(two: AtRest, tmp_path: Path) -> None:
    with postgres() as server, server.database() as url:
        assert_equal(two, url)
        package = bare_package(tmp_path / "later", {"a.txt": b"later", "b.xml": clinical_document(3)})
        with two.open(catalogue=open_catalogue(url)) as opened:
            taken = receive(opened, Order(package), progress=lambda _: None)
            assert_whole(opened, taken, package)


def test_the_official_examples_are_rebuilt(tmp_path: Path) -> None:
    archive = at_rest(tmp_path / "archive")
    archive.receive(official_examples())
    assert_equal(archive, f"sqlite:///{tmp_path}/new.sqlite")


def test_a_lost_object_is_named_and_the_rest_is_there(two: AtRest, tmp_path: Path) -> None:
    place = rich(two)
    two.store.delete(place.pack.key)
    url = f"sqlite:///{tmp_path}/new.sqlite"
    with rebuilt(two, url) as (fresh, done):
        assert [(each.code, each.params) for each in done.findings] == [
            ("RBD-UNCLAIMED", {"count": len(place.holdings)})
        ]
        assert len(list(fresh.packs(1))) == len([each for each in places(two) if each.takeover.number == 1]) - 1
    with two.open(catalogue=open_catalogue(url)) as opened:
        said = verify(opened, VerifyOrder(level=OPENED), progress=lambda _: None)
    assert {each.code for each in said.damage} == {"VFY-ENTRY"}  # it stays lost, and stays named


def test_a_damaged_object_is_named(two: AtRest, tmp_path: Path) -> None:
    place = rich(two)
    raw = two.store.content(place.pack.key)
    at = place.pack.description_offset + 80
    two.store.overwrite(place.pack.key, raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
    with rebuilt(two, f"sqlite:///{tmp_path}/new.sqlite") as (_, done):
        assert [(each.code, each.subject, each.params) for each in done.findings] == [
            ("RBD-OBJECT", place.name, {"reason": SealBroken.code}),
            ("RBD-UNCLAIMED", "", {"count": len(place.holdings)}),
        ]


def test_a_lost_opening_is_named(two: AtRest, tmp_path: Path) -> None:
    opening = next(each for each in places(two) if not each.holdings and each.takeover.number == 2)
    two.store.delete(opening.pack.key)
    with rebuilt(two, f"sqlite:///{tmp_path}/new.sqlite") as (fresh, done):
        assert {(each.code, each.subject) for each in done.findings} >= {("RBD-NO-OPENING", opening.takeover.id)}
        assert [each.id for each in fresh.takeovers()] == [places(two)[0].takeover.id]


def test_what_was_never_acknowledged_is_left_out(two: AtRest, tmp_path: Path) -> None:
    """A pack that was sealed and not recorded: here, one whose entries no log knows."""
    other = two.copy(tmp_path / "other")
    taken = other.receive(bare_package(tmp_path / "p", {"a.txt": b"never acknowledged"}))
    for key in set(other.store.names("takeovers/")) | set(other.store.names("keys/")):
        if key not in two.store.names():
            two.store.overwrite(key, other.store.content(key))
    with rebuilt(two, f"sqlite:///{tmp_path}/new.sqlite") as (fresh, done):
        assert {each.code for each in done.findings} == {"RBD-ORPHAN", "RBD-NO-OPENING"}
        assert taken.id not in {each.id for each in fresh.takeovers()}


def cut_off(archive: AtRest, package: Path, *, writes: int) -> None:
    """A takeover that a crash ends after some writes; another one then publishes what it had recorded."""
    with pytest.raises(Crash):
        archive.receive(package, store=CrashingStore(archive.store, Countdown(writes)))


@pytest.mark.parametrize("writes", range(2, 16, 2))
def test_an_unfinished_takeover_is_rebuilt_and_goes_on(archive: AtRest, tmp_path: Path, writes: int) -> None:
    files = {f"{n}.xml": clinical_document(n) for n in range(3)} | {"copy.xml": clinical_document(0), "t.txt": b"t"}
    package = bare_package(tmp_path / "package", files)
    cut_off(archive, package, writes=writes)
    archive.receive(bare_package(tmp_path / "other", {"o.txt": b"another provider"}))
    url = f"sqlite:///{tmp_path}/new.sqlite"
    with rebuilt(archive, url) as (fresh, done):
        assert {each.code for each in done.findings} <= {"RBD-ORPHAN"}
        for takeover in fresh.takeovers():
            if takeover.state in FINAL:
                with closed(open_catalogue(f"sqlite:///{archive.database}")) as old:
                    assert list(fresh.dump(takeover.number)) == list(old.dump(old.takeover(takeover.id).number))
    with archive.open(catalogue=open_catalogue(url)) as opened:
        taken = receive(opened, Order(package), progress=lambda _: None)
        assert_whole(opened, taken, package)
        with open_package(package) as again:
            assert again.fingerprint == taken.fingerprint


def test_a_protocol_survives_the_loss_of_the_catalogue(two: AtRest, tmp_path: Path) -> None:
    with two.open() as opened:
        before = [protocol_of(opened, each) for each in opened.catalogue.takeovers()]
    url = f"sqlite:///{tmp_path}/new.sqlite"
    with rebuilt(two, url):
        pass
    with two.open(catalogue=open_catalogue(url)) as opened:
        assert [protocol_of(opened, each) for each in opened.catalogue.takeovers()] == before


def test_a_catalogue_from_an_old_copy_takes_nothing_over_and_deletes_nothing(archive: AtRest, tmp_path: Path) -> None:
    """Going on from it would take for left over what was acknowledged since; `rebuild` is what helps."""
    package = bare_package(tmp_path / "package", {f"{n}.xml": clinical_document(n) for n in range(3)})
    cut_off(archive, package, writes=5)
    old = archive.database.read_bytes()
    archive.receive(package)
    everything = archive.store.names()
    archive.database.write_bytes(old)
    with pytest.raises(CatalogueBehindLog):
        archive.receive(package)
    with pytest.raises(CatalogueBehindLog):
        archive.receive(bare_package(tmp_path / "another", {"a.txt": b"a"}))
    assert archive.store.names() == everything


def test_the_sample_is_equal_at_every_size(tmp_path: Path) -> None:
    archive = at_rest(tmp_path / "archive")
    archive.receive(build_sample(tmp_path / "sample", patients=1, images=0).folder)
    archive.receive(build_sample(tmp_path / "other", patients=5, images=1, seed=7, damage=True).folder)
    assert_equal(archive, f"sqlite:///{tmp_path}/new.sqlite")
    assert report(archive, OPENED).whole
