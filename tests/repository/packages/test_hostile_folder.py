import os
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from repository.domain.takeover import Disposition
from repository.packages.errors import ItemUnreadable, PackageChanged, PackageUnreadable
from repository.packages.guard import Limits
from repository.packages.package import open_package
from tests.builders.archives import write_files
from tests.builders.unprivileged import Unprivileged
from tests.repository.packages.reading import codes, content_of, items_of, reasons_of


def test_links_and_pipes_are_refused_and_nothing_outside_is_reached(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(b"secret")
    folder = write_files(tmp_path / "package", {"good": b"1"})
    (folder / "file-link").symlink_to(tmp_path / "outside/secret")
    (folder / "folder-link").symlink_to(tmp_path / "outside")
    (folder / "broken-link").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    assert reasons_of(folder) == {
        "good": "",
        "file-link": "PKG-LINK",
        "folder-link": "PKG-LINK",
        "broken-link": "PKG-LINK",
        "pipe": "PKG-SPECIAL",
    }


@pytest.mark.parametrize("place", ["folder", "folder/file"])
def test_a_link_put_in_the_place_of_a_listed_name_is_not_followed(tmp_path: Path, place: str) -> None:
    outside = write_files(tmp_path / "outside", {"file": b"1"})
    folder = write_files(tmp_path / "package", {"folder/file": b"1"})
    with open_package(folder) as package:
        (folder / place).rename(tmp_path / "moved")
        (folder / place).symlink_to(outside if place == "folder" else outside / "file")
        with pytest.raises(PackageChanged):
            package.open("folder/file")
        with pytest.raises(PackageChanged):
            package.check_unchanged()


def test_a_pipe_put_in_the_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "package", {"file": b""})
    with open_package(folder) as package:
        (folder / "file").unlink()
        os.mkfifo(folder / "file")
        with pytest.raises(PackageChanged):
            package.open("file")


def test_names_that_are_not_utf_8_or_hold_signs_are_labelled_and_opened(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    raw = os.fsencode(folder)
    for number, name in enumerate((b"\xb3\xf3d\x9f", "łódź".encode(), b"\xc2\xa0nbsp")):
        Path(os.fsdecode(raw + b"/" + name)).write_bytes(b"%d" % number)
    (folder / "new\nline").write_bytes(b"x")
    (folder / "back\\slash").write_bytes(b"x")
    with open_package(folder) as package:
        found = {item.path: item.reason for item in package.items()}
        assert found == {
            "\\xb3\\xf3d\\x9f": "",
            "łódź": "",
            "\\u{a0}nbsp": "",
            "new\\u{a}line": "PKG-PATH-CONTROL",
            "back\\\\slash": "PKG-PATH-BACKSLASH",
        }
        assert content_of(package, "\\xb3\\xf3d\\x9f") == b"0"
        assert content_of(package, "\\u{a0}nbsp") == b"2"


def test_a_file_that_grows_shrinks_or_goes_while_it_is_read_is_a_changed_package(tmp_path: Path) -> None:
    content = b"x" * 400_000
    folder = write_files(tmp_path / "package", {"grows": content, "shrinks": content, "goes": content})
    with open_package(folder) as package:
        with package.open("grows") as stream:
            assert len(stream.read(10)) == 10
            with (folder / "grows").open("ab") as more:
                more.write(b"y")
            with pytest.raises(PackageChanged):
                stream.read()
        with package.open("shrinks") as stream:
            assert len(stream.read(10)) == 10
            os.truncate(folder / "shrinks", 200_000)
            with pytest.raises(PackageChanged):
                stream.read()
        (folder / "goes").unlink()
        with pytest.raises(PackageChanged):
            package.open("goes")


@pytest.mark.parametrize("change", ["add", "remove", "rename", "folder"])
def test_a_listing_that_is_different_at_the_end_is_a_changed_package(tmp_path: Path, change: str) -> None:
    folder = write_files(tmp_path / "package", {"a": b"1", "b": b"2"})
    with open_package(folder) as package:
        package.check_unchanged()
        if change == "add":
            (folder / "c").write_bytes(b"")
        elif change == "remove":
            (folder / "a").unlink()
        elif change == "rename":
            (folder / "a").rename(folder / "0")
        else:
            (folder / "new").mkdir()
        with pytest.raises(PackageChanged) as caught:
            package.check_unchanged()
        assert caught.value.exit_code == 6


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder whose parents any account may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_what_may_not_be_read_is_missing_by_name_and_the_rest_is_taken(reachable: Path) -> None:
    folder = write_files(reachable / "package", {"good": b"1", "shut": b"2", "closed/inner": b"3"})
    (folder / "shut").chmod(0)
    (folder / "closed").chmod(0)
    with Unprivileged(), open_package(folder) as package:
        found = {item.path: item for item in package.items()}
        with pytest.raises(ItemUnreadable) as caught:
            package.open("shut")
        good = content_of(package, "good")
    (folder / "closed").chmod(0o755)
    assert good == b"1"
    assert caught.value.finding == "PKG-UNREADABLE"
    assert found["closed"].reason == "PKG-FOLDER-UNREADABLE"
    assert found["closed"].disposition is Disposition.MISSING


def test_a_folder_that_may_not_be_listed_is_an_error_that_may_pass(reachable: Path) -> None:
    folder = write_files(reachable / "package", {"good": b"1"})
    folder.chmod(0)
    try:
        with Unprivileged(), pytest.raises(PackageUnreadable) as caught:
            open_package(folder)
    finally:
        folder.chmod(0o755)
    assert caught.value.retryable
    assert "EACCES" in str(caught.value)


def test_folders_deeper_than_the_limit_are_named_and_not_entered(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "package", {"a/b/c/d/file": b"1", "a/file": b"2"})
    assert reasons_of(folder, limits=Limits(depth=2)) == {"a/b/c": "PKG-PATH-TOO-DEEP", "a/file": ""}


def test_a_listing_of_twenty_thousand_files_is_read_in_modest_memory(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    for group in range(20):
        (folder / f"{group:02}").mkdir(parents=True)
        for number in range(1000):
            (folder / f"{group:02}/{number:04}.dcm").touch()
    tracemalloc.start()
    try:
        with open_package(folder) as package:
            count = sum(1 for _ in package.items())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 32 << 20


def test_an_empty_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "package/inner").mkdir(parents=True)
    with open_package(tmp_path / "package") as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-EMPTY"
        assert list(package.items()) == []
        codes(package)


def test_a_folder_of_nothing_but_links_is_not_empty_and_names_them(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/link").symlink_to("x")
    assert items_of(tmp_path / "package")["link"].disposition is Disposition.REFUSED
