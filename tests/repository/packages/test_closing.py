"""A package that is closed holds no file open any more, in whatever form it came and however far it was read."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from repository.packages.package import open_package
from tests.builders.archives import tar_bytes, tar_gz_bytes, write_files, zip_bytes
from tests.dicom_gateway.remaining import files_held

FILES = {"a.xml": b"<a/>", "below/b.bin": b"2" * 70_000, "below/c.bin": b"3"}


def folder(at: Path) -> Path:
    return write_files(at / "package", FILES)


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def made(at: Path) -> Path:
        (at / name).write_bytes(content)
        return at / name

    return made


FORMS = {
    "folder": folder, "tar": written("p.tar", tar_bytes(FILES)), "gzip": written("p.tar.gz", tar_gz_bytes(FILES)),
    "zip": written("p.zip", zip_bytes(FILES)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("read", [0, 1, len(FILES)])
def test_nothing_is_held_open(tmp_path: Path, form: str, read: int) -> None:
    path = FORMS[form](tmp_path)
    with open_package(path) as package:
        for item in islice(package.items(), read):
            with package.open(item.path) as stream:
                assert stream.read() == FILES[item.path]
        assert form == "folder" or files_held(tmp_path) == 1
    assert files_held(tmp_path) == 0
