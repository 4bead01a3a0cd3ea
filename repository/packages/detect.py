"""Which form a package has, by what it is and never by what it is called."""

import stat
from pathlib import Path

from repository.findings import Finding
from repository.packages.errors import PackageMissing, PackageUnreadable, PackageUnusable, reason_of
from repository.packages.folder import FolderSource
from repository.packages.guard import DEFAULT_LIMITS, Limits
from repository.packages.inflating import Damaged, GzipCursor
from repository.packages.source import ArchiveFile, PackageSource
from repository.packages.tar_headers import is_tar
from repository.packages.tarball import TarSource
from repository.packages.zipped import ZipSource

OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x07\x08": "multi-volume zip",
}


def open_source(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> PackageSource:
    """The package at `path`, listed. Raises `PackageMissing`, `PackageUnreadable`, `PackageUnusable`."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise PackageMissing(path=str(path)) from None
    except OSError as error:
        raise PackageUnreadable(path=str(path), reason=reason_of(error)) from None
    if stat.S_ISDIR(mode):
        return FolderSource(path, limits=limits)
    if not stat.S_ISREG(mode):
        raise PackageUnusable(Finding("PKG-NOT-A-PACKAGE"))
    return _open_archive(path, limits)


def _open_archive(path: Path, limits: Limits) -> PackageSource:
    file = ArchiveFile(path)
    try:
        head = file.read_at(0, 512)
        inner = GzipCursor(file).read(512) if head.startswith(b"\x1f\x8b\x08") else b""
    except Damaged:
        raise PackageUnusable(Finding("PKG-ARCHIVE-BROKEN")) from None
    finally:
        file.close()
    if not head:
        raise PackageUnusable(Finding("PKG-EMPTY"))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZipSource(path, limits=limits)
    if is_tar(head):
        return TarSource(path, limits=limits, compressed=False)
    if is_tar(inner):
        return TarSource(path, limits=limits, compressed=True)
    for magic, name in OTHERS.items():
        if head.startswith(magic):
            raise PackageUnusable(Finding("PKG-ARCHIVE-UNSUPPORTED", params={"form": name}))
    raise PackageUnusable(Finding("PKG-NOT-A-PACKAGE"))
