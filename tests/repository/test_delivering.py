"""Files that leave the archive: safe names, whole or not there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.delivering import DeliveryRefused, PlaceTaken, Target, file_name, write_paper
from tests.builders.flushing import flushed

HOSTILE = [
    "../../etc/passwd",
    "/",
    "",
    "..",
    ".",
    ".bashrc",
    "a\0b",
    "con",
    "x" * 5000 + ".xml",
    "żółć.pdf",
    "a/b\\c:d|e",
]


@given(st.text() | st.sampled_from(HOSTILE), st.integers(1, 10**9))
def test_a_name_never_leaves_the_folder_and_always_fits(path: str, ordinal: int) -> None:
    name = file_name(ordinal, path)
    assert "/" not in name
    assert name.startswith(f"{ordinal:06d}-")
    assert len(name.encode()) <= 200
    assert all(one.isalnum() or one in "._-" for one in name)
    assert Path("/d", name).name == name


def test_the_extension_and_polish_letters_stay() -> None:
    assert file_name(7, "data/pacjent/Karta łódzka (2).XML") == "000007-Karta_łódzka__2_.XML"
    assert file_name(7, "IM0001") == "000007-IM0001"


def parts_that_fail() -> Iterator[bytes]:
    yield b"half"
    raise RuntimeError("cut")


def test_a_file_that_is_not_finished_is_not_there(tmp_path: Path) -> None:
    target = Target(tmp_path)
    with pytest.raises(RuntimeError, match="cut"):
        target.write(target.place("a.xml"), parts_that_fail())
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_flushed_before_it_has_its_name_and_all_names_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    target = Target(tmp_path)
    with flushed() as done:
        target.write(tmp_path / "a.xml", iter((b"whole",)))
        target.write(tmp_path / "below" / "b.xml", iter((b"whole",)))
        target.settle("below")
    drafts, folders = done[:2], done[2:]
    assert [path.name.endswith(".part") for path, _ in drafts] == [True, True]
    assert folders == [(tmp_path, {"a.xml", "below"}), (tmp_path / "below", {"b.xml"})]


def test_an_error_of_the_machine_is_told_by_its_symbol() -> None:
    with pytest.raises(DeliveryRefused, match="ENOENT"):
        Target(Path("/")).write(Path("/no-such-folder/x"), iter((b"x",)))


def test_a_paper_is_written_once_and_the_same_again_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "new" / "p.json"
    write_paper(file, b"{}")
    write_paper(file, b"{}")
    with pytest.raises(PlaceTaken):
        write_paper(file, b"[]")
    assert file.read_bytes() == b"{}"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_bytes_written_again_are_no_fault_and_other_things_stay(tmp_path: Path) -> None:
    target, file = Target(tmp_path), tmp_path / "a"
    target.write(file, iter((b"whole",)))
    before = file.stat()
    target.write(file, iter((b"who", b"le")))
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "fifo")
    for name, content in (("a", b"whale"), ("a", b"wholes"), ("folder", b""), ("link", b"whole"), ("fifo", b"")):
        with pytest.raises(PlaceTaken):
            target.write(tmp_path / name, iter((content,)))
    assert file.read_bytes() == b"whole"
    assert {each.name for each in tmp_path.iterdir()} == {"a", "folder", "link", "fifo"}


def test_what_lies_apart_has_a_folder_of_its_own(tmp_path: Path) -> None:
    target = Target(tmp_path)
    first, second = target.place("x"), target.place("x", apart="b")
    target.write(first, iter((b"1",)))
    target.write(second, iter((b"2",)))
    target.settle("b")
    assert ((tmp_path / "x").read_bytes(), (tmp_path / "b" / "x").read_bytes()) == (b"1", b"2")
