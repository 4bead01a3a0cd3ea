"""What the tests of this folder ask of a package again and again."""

from pathlib import Path

from repository.domain.takeover import Item
from repository.packages.guard import Limits
from repository.packages.package import HandoverPackage, open_package


def packed(at: Path, content: bytes, name: str = "package") -> Path:
    path = at / name
    path.write_bytes(content)
    return path


def items_of(path: Path, *, limits: Limits | None = None) -> dict[str, Item]:
    with open_package(path, limits=limits) as package:
        found = list(package.items())
    assert [item.ordinal for item in found] == list(range(1, len(found) + 1))
    assert len({item.path for item in found}) == len(found)
    return {item.path: item for item in found}


def reasons_of(path: Path, *, limits: Limits | None = None) -> dict[str, str]:
    return {name: item.reason for name, item in items_of(path, limits=limits).items()}


def codes(package: HandoverPackage) -> list[str]:
    for finding in package.findings:
        assert finding.en
        assert finding.pl
    return [finding.code for finding in package.findings]


def content_of(package: HandoverPackage, path: str) -> bytes:
    with package.open(path) as stream:
        return stream.read()
