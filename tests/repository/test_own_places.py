"""The archive is never taken over into itself, and nothing is written before that is said."""

import os
from pathlib import Path

import pytest

from repository.intake import Order, anew, receive
from repository.jobs.enqueuing import enqueue_intake
from repository.jobs.foreground import receive_here
from repository.jobs.orders import Orders
from repository.own_places import must_lie_apart
from repository.packages.errors import PackageIsArchive, PackageMissing
from repository.settings import Settings
from tests.builders.homes import at_home, new_home, plain_package


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An archive whose objects and key file lie beside its home."""
    folder = tmp_path_factory.mktemp("place")
    made = new_home(folder / "archive", store=f"file://{folder / 'store of objects'}".replace(" ", "%20"))
    (folder / "link").symlink_to(made.home)
    (folder / "store of objects" / "stray").write_bytes(b"x")
    (folder / "circle").symlink_to(folder / "circle")
    return made


def own(settings: Settings) -> list[Path]:
    """Packages that are refused, by every rule there is."""
    folder = settings.home.parents[1]
    objects = folder / "store of objects"
    return [
        settings.home,
        settings.home.parent,
        folder,
        Path("/"),
        folder / "link",
        objects,
        objects / "log",
        objects / "stray",
        settings.home / "keyring.json",
        settings.home / ".." / settings.home.name,
        Path(os.path.relpath(folder)),
        *([settings.key_file] if settings.key_file else []),
    ]


def test_a_package_that_is_the_archive_is_refused_and_nothing_is_written(settings: Settings) -> None:
    with at_home(settings) as archive:
        before = [held.key for held in archive.store.list("")]
        for package in own(settings):
            order = Order(package)
            for door in (enqueue_intake, anew):
                with pytest.raises(PackageIsArchive):
                    door(archive, order)
            for way in (receive, receive_here):
                with pytest.raises(PackageIsArchive):
                    way(archive, order, progress=lambda _: None)
        assert archive.catalogue.takeovers() == []
        assert archive.catalogue.jobs.jobs() == []
        assert Orders(settings.home).fingerprints() == []
        assert [held.key for held in archive.store.list("")] == before


def test_links_in_a_circle_are_a_package_that_is_not_read_and_no_fault(settings: Settings) -> None:
    must_lie_apart(settings, settings.home.parents[1] / "circle")
    must_lie_apart(settings, settings.home.parents[1] / "nothing")
    with at_home(settings) as archive, pytest.raises(PackageMissing):
        enqueue_intake(archive, Order(settings.home.parents[1] / "nothing"))


def test_a_package_beside_the_archive_or_in_its_home_is_taken_over(tmp_path: Path) -> None:
    settings = new_home(tmp_path)  # objects in the home
    for place in (tmp_path / "home and more", settings.home / "package"):
        package = plain_package(place, files=3, size=100 + len(place.name))
        (package / "link").symlink_to(settings.home)  # never followed
        with at_home(settings) as archive:
            takeover = receive(archive, Order(package), progress=lambda _: None)
            assert archive.catalogue.counts(takeover.number).holdings == 3
    with at_home(settings) as archive, pytest.raises(PackageIsArchive):
        receive(archive, Order(settings.home / "objects" / "takeovers"), progress=lambda _: None)
