"""The one suite, asked of a folder, a tar, a compressed tar and a zip."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.builders.archives import tar_bytes, tar_gz_bytes, write_files, zip_bytes
from tests.suites.package_source import SourceSuite


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def rewrite_later(path: Path) -> None:
    """The same bytes at another time: what a copy over the package does."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000))


class TestFolder(SourceSuite):
    form = "folder"

    def build(self, at: Path, files: Mapping[str, bytes]) -> Path:
        return write_files(at / "package", files)

    def touch(self, package: Path) -> None:
        (package / "a.txt").write_bytes(b"other content")


class TestTar(SourceSuite):
    form = "tar"

    def build(self, at: Path, files: Mapping[str, bytes]) -> Path:
        return write(at / "package.dat", tar_bytes(files))

    def touch(self, package: Path) -> None:
        rewrite_later(package)


class TestTarGz(TestTar):
    form = "tar.gz"

    def build(self, at: Path, files: Mapping[str, bytes]) -> Path:
        return write(at / "package.tar", tar_gz_bytes(files))


class TestZip(TestTar):
    form = "zip"

    def build(self, at: Path, files: Mapping[str, bytes]) -> Path:
        return write(at / "package", zip_bytes(files))
