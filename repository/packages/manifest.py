"""A manifest for a bare package: a table of paths with sizes and digests (`manifest.csv`, or given beside it)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from repository.findings import Finding
from repository.packages.bag_manifest import DIGEST_BYTES
from repository.packages.declared import Declarations
from repository.packages.labels import label_of_text
from repository.packages.tables import Table, TableUnreadable

NAME = "manifest.csv"
COLUMNS: Mapping[str, str] = {
    **{name: name for name in ("path", "size", *DIGEST_BYTES)},
    **{f"sha-{bits}": f"sha{bits}" for bits in (1, 224, 256, 384, 512)},
    **dict.fromkeys(("file", "filename", "name", "plik", "sciezka", "ścieżka", "nazwa_pliku"), "path"),
    **dict.fromkeys(("bytes", "length", "rozmiar"), "size"),
}


class ManifestBroken(Exception):
    """Not a table with a column `path`; `row` is where reading ended."""

    def __init__(self, row: int) -> None:
        self.row = row
        super().__init__(f"row {row}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`has_digests`: at least one row names a digest, so that what arrives can be proved to be what was sent."""

    declared: Declarations
    findings: tuple[Finding, ...]
    has_digests: bool


def read_manifest(stream: BinaryIO, *, subject: str = NAME) -> Manifest:
    """Backslashes in paths are taken for slashes: Windows tools write them. Raises `ManifestBroken`."""
    try:
        table = Table(stream, COLUMNS)
        if table.columns.count("path") != 1:
            raise ManifestBroken(1)
        declared, bad, conflicts = _declarations(table)
    except TableUnreadable as broken:
        raise ManifestBroken(broken.row) from None
    findings = []
    if bad:
        findings.append(Finding("PKG-MANIFEST-ROW", subject, {"count": len(bad), "first": bad[0]}))
    if conflicts:
        findings.append(Finding("PKG-MANIFEST-CONFLICT", subject, {"count": conflicts}))
    if table.encoding != "utf-8":
        findings.append(Finding("PKG-MANIFEST-ENCODING", subject))
    has_digests = any(declared.algorithms(label) for label in declared)
    return Manifest(declared, tuple(findings), has_digests)


def _declarations(table: Table) -> tuple[Declarations, list[int], int]:
    declared, bad, conflicts = Declarations(), list[int](), 0
    for number, row in table.rows():
        if row is None or not row["path"]:
            bad.append(number)
            continue
        label = label_of_text(row["path"].replace("\\", "/").removeprefix("./"))
        size = row.get("size", "")
        known = declared.size(label)
        declared.add(label, size=int(size) if _is_size(size) else -1)
        if (size and not _is_size(size)) or any(_digest(row, name) is None for name in DIGEST_BYTES):
            bad.append(number)
        conflicts += _is_size(size) and known >= 0 and known != int(size)
        for algorithm in DIGEST_BYTES:
            digest = _digest(row, algorithm)
            if digest and not declared.add_digest(label, algorithm, digest=digest):
                conflicts += 1
    return declared, bad, conflicts


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _digest(row: Mapping[str, str], algorithm: str) -> bytes | None:
    """Empty where the cell is, None where it is no digest of this algorithm."""
    text = row.get(algorithm, "")
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        return None
    return digest if len(digest) == DIGEST_BYTES[algorithm] or not text else None
