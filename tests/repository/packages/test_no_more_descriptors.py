"""A machine that has no more descriptors to give says nothing of what lies in a package: nothing is settled by it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from repository.packages.errors import PackageUnreadable
from repository.packages.package import HandoverPackage, open_package
from repository.takeover.arriving import Arrival, arrive_all
from tests.builders.archives import write_files
from tests.builders.descriptors import descriptors


@pytest.fixture
def package(tmp_path: Path) -> Iterator[HandoverPackage]:
    write_files(tmp_path / "p", {"a": b"1", "below/b": b"2"})
    with open_package(tmp_path / "p") as opened:
        yield opened


@pytest.mark.parametrize("left", [0, 1])  # neither a folder nor a file; a folder
def test_no_item_is_called_unreadable_and_the_next_try_reads_it(package: HandoverPackage, left: int) -> None:
    items = list(package.items())
    with descriptors(left), pytest.raises(PackageUnreadable) as told:
        arrive_all(package, items)
    assert told.value.fields["reason"] == "EMFILE"
    assert told.value.retryable
    assert [each.content for each in arrive_all(package, items) if isinstance(each, Arrival)] == [b"1", b"2"]


def test_no_folder_is_called_unreadable(
    tmp_path: Path, package: HandoverPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread has opened the last file that may be opened, between two folders."""
    scandir = os.scandir

    def scanning(path: bytes) -> Any:
        if not path.endswith(b"below"):
            return scandir(path)
        with descriptors(0):
            return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scanning)
        with pytest.raises(PackageUnreadable) as told:
            open_package(tmp_path / "p")
        assert told.value.fields["reason"] == "EMFILE"
        with pytest.raises(PackageUnreadable):
            package.check_unchanged()
    package.check_unchanged()
