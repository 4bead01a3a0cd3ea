"""Which form a package has, by what it is and never by what it is called."""

import stat
from pathlib import Path

from repository.findings import Finding
from repository.packages.errors import PackageMissing, PackageUnreadable, PackageUnusable
from repository.packages.folder import FolderSource
from repository.packages.guard import DEFAULT_LIMITS, Limits
from repository.packages.inflating import Damaged, GzipCursor
from repository.packages.source import ArchiveFile, Kept, PackageSource, PackedFile, nothing_kept
from repository.packages.tar_headers import is_tar
from repository.packages.tarball import TarSource
from repository.packages.zipped import ZipSource
from storage.errors import reason_of

OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x07\x08": "multi-volume zip",
}


def open_source(path: Path, *, limits: Limits = DEFAULT_LIMITS, kept: Kept = nothing_kept) -> PackageSource:
    """The package at `path`, listed; `kept` gives the file for a path that it knows better than the disk.

    Raises `PackageMissing`, `PackageUnreadable`, `PackageUnusable`.
    """
    if (file := kept(path)) is not None:
        return _open_archive(file, limits)
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
    return _open_archive(ArchiveFile(path), limits)


def _open_archive(file: PackedFile, limits: Limits) -> PackageSource:
    try:
        return _source_of(file, limits)
    except BaseException:
        file.close()
        raise


def _source_of(file: PackedFile, limits: Limits) -> PackageSource:
    """The source closes the file; where none is given, nobody has."""
    head = file.read_at(0, 512)
    try:
        inner = GzipCursor(file).read(512) if head.startswith(b"\x1f\x8b\x08") else b""
    except Damaged:
        raise PackageUnusable(Finding("PKG-ARCHIVE-BROKEN")) from None
    if not head:
        raise PackageUnusable(Finding("PKG-EMPTY"))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZipSource(file, limits=limits)
    if is_tar(head):
        return TarSource(file, limits=limits, compressed=False)
    if is_tar(inner):
        return TarSource(file, limits=limits, compressed=True)
    for magic, name in OTHERS.items():
        if head.startswith(magic):
            raise PackageUnusable(Finding("PKG-ARCHIVE-UNSUPPORTED", params={"form": name}))
    raise PackageUnusable(Finding("PKG-NOT-A-PACKAGE"))
