"""Making a bag (BagIt 1.0, RFC 8493) of a folder that holds its payload in `data/` already."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from repository.findings import Finding
from repository.packages.bag_manifest import ManifestLine, algorithm_of, manifest_text
from repository.packages.errors import PackageUnusable
from repository.packages.folder import FolderSource
from repository.packages.guard import Limits, check_name
from repository.packages.labels import text_of
from repository.packages.source import Entry, EntryKind

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
READ = 1 << 18


def write_bag(folder: Path, *, info: Mapping[str, str], algorithms: Sequence[str] = ("sha256", "sha512")) -> None:
    """Writes `bagit.txt`, `bag-info.txt` and the manifests; what is in `data/` and beside it is not changed.

    `info` is written in its order, followed by `Payload-Oxum`. Manifests that are there are written anew. Raises
    `PackageUnusable` for a link, a device or a name that the archive would refuse: it would not be taken over.
    """
    (folder / "data").mkdir(exist_ok=True)
    (folder / "bagit.txt").write_text(DECLARATION, encoding="utf-8", newline="\n")
    for old in folder.glob("*manifest-*.txt"):
        if algorithm_of(old.name)[0]:
            old.unlink()
    payload = [entry for entry in _files(folder) if entry.path.startswith("data/")]
    octets = sum(entry.size for entry in payload)
    _write_info(folder, {**info, "Payload-Oxum": f"{octets}.{len(payload)}"})
    _write_manifests(folder, payload, algorithms=algorithms, name="manifest")
    tags = [entry for entry in _files(folder) if not entry.path.startswith("data/")]
    _write_manifests(folder, tags, algorithms=algorithms, name="tagmanifest")


def _files(folder: Path) -> Iterator[Entry]:
    limits = Limits()
    source = FolderSource(folder, limits=limits)
    for entry in source.entries:
        if entry.kind is EntryKind.DIRECTORY and not entry.obstacle:
            continue
        code = check_name(entry.path, limits) or entry.obstacle
        if code or entry.kind is not EntryKind.FILE:
            raise PackageUnusable(Finding(code or "PKG-LINK", entry.path))
        yield entry


def _write_info(folder: Path, info: Mapping[str, str]) -> None:
    lines = [f"{label}: {' '.join(value.split())}\n" for label, value in info.items()]
    (folder / "bag-info.txt").write_text("".join(lines), encoding="utf-8", newline="\n")


def _write_manifests(folder: Path, entries: Sequence[Entry], *, algorithms: Sequence[str], name: str) -> None:
    """Each file is read once, whatever the number of algorithms."""
    lines: dict[str, list[ManifestLine]] = {algorithm: [] for algorithm in algorithms}
    source = FolderSource(folder, limits=Limits())
    for entry in entries:
        with source.open(entry.path) as stream:
            digests = _digests(stream, algorithms)
        for algorithm, digest in digests.items():
            lines[algorithm].append(ManifestLine(text_of(entry.path), digest))
    for algorithm, found in lines.items():
        text = "".join(manifest_text(found))
        (folder / f"{name}-{algorithm}.txt").write_bytes(text.encode("utf-8", "surrogateescape"))


def _digests(stream: BinaryIO, algorithms: Sequence[str]) -> dict[str, bytes]:
    running = {algorithm: hashlib.new(algorithm) for algorithm in algorithms}
    for part in iter(lambda: stream.read(READ), b""):
        for digest in running.values():
            digest.update(part)
    return {algorithm: digest.digest() for algorithm, digest in running.items()}
