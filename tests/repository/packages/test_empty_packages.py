"""Refusals have names of their own."""

from pathlib import Path

from repository.packages.package import open_package


def test_two_empty_folders_are_two_packages(tmp_path: Path) -> None:
    prints = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with open_package(tmp_path / name) as package:
            assert package.rejection is not None
            prints.append(package.fingerprint)
        with open_package(tmp_path / name) as again:
            assert again.fingerprint == prints[-1]
    assert prints[0] != prints[1]
