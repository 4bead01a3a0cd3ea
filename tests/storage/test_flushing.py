"""A folder is flushed, with what it names; what is none is refused."""

from pathlib import Path

import pytest

from storage.flushing import flush_folder
from tests.builders.flushing import flushed


def test_a_folder_is_flushed_with_the_names_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    with flushed() as found:
        flush_folder(tmp_path)
    assert found == [(tmp_path, frozenset({"one"}))]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    with pytest.raises(NotADirectoryError):
        flush_folder(tmp_path / "one")
    with pytest.raises(FileNotFoundError):
        flush_folder(tmp_path / "two")
