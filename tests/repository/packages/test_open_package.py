import bz2
import hashlib
import io
import lzma
import os
import random
import shutil
from pathlib import Path

import pytest

from repository.domain.takeover import Disposition, Handover, Producer, Route
from repository.findings import Finding, rules
from repository.packages.errors import ManifestUnusable, PackageChanged, PackageMissing
from repository.packages.handover import handover_json
from repository.packages.manifest import ManifestBroken, read_manifest
from repository.packages.package import open_package
from tests.builders.archives import tar_bytes, tar_gz_bytes, write_files, zip_bytes
from tests.repository.packages.reading import codes, content_of, packed

HANDOVER = Handover(
    producer=Producer(name="Przychodnia"), cessation_date="2024-05-31", legal_basis="umowa", route=Route.CHAMBER
)
FILES = {
    "a.xml": b"<a/>",
    "folder/żółw.txt": b"1",
    "metadata/handover.json": handover_json(HANDOVER),
    "metadata/patients.csv": b"local_id,pesel\n1,44051401359\n2,1\n",
}
SHA = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


def manifest_of(*names: str, extra: str = "") -> bytes:
    rows = [f"{name},{len(FILES[name])},{SHA[name]}" for name in names]
    return ("path,size,sha256\n" + "\n".join(rows) + "\n" + extra).encode()


def test_a_bare_package_declares_nothing_and_gives_all_it_holds(tmp_path: Path) -> None:
    with open_package(write_files(tmp_path / "package", FILES)) as package:
        assert not package.declared
        assert codes(package) == ["PKG-NO-MANIFEST"]
        assert package.handover == HANDOVER
        assert [item.path for item in package.items()] == sorted(FILES)
        assert all(item.disposition is Disposition.PENDING and not item.declared for item in package.items())
        assert content_of(package, "folder/żółw.txt") == b"1"


def test_patients_are_read_with_their_findings(tmp_path: Path) -> None:
    found: list[Finding] = []
    with open_package(write_files(tmp_path / "package", FILES)) as package:
        assert len(list(package.patients(report=found.append))) == 2
        assert len(list(package.patients())) == 2
    assert [(finding.code, finding.subject) for finding in found] == [("PKG-PESEL-FORM", "metadata/patients.csv")]


def test_a_manifest_in_the_package_declares_its_items(tmp_path: Path) -> None:
    manifest = manifest_of("a.xml", "folder/żółw.txt", extra="lost.xml,3,\n")
    folder = write_files(tmp_path / "package", FILES | {"manifest.csv": manifest, "odd": b""})
    with open_package(folder) as package:
        assert package.declared
        items = {item.path: item for item in package.items()}
        assert items["a.xml"].declared_digests == {"sha256": SHA["a.xml"]}
        assert items["a.xml"].declared_size == 4
        assert (items["lost.xml"].disposition, items["lost.xml"].declared_size) == (Disposition.MISSING, 3)
        assert [path for path, item in items.items() if not item.declared] == ["odd"]


def test_a_manifest_given_beside_the_package_is_used_and_watched(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "package", FILES)
    manifest = packed(tmp_path, manifest_of(*FILES).replace(b"folder/", b".\\folder\\"), "list.csv")
    with open_package(folder, manifest=manifest) as package, open_package(folder) as bare:
        assert package.declared
        assert {item.path: item.declared_digests for item in package.items()} == {
            name: {"sha256": digest} for name, digest in SHA.items()
        }
        assert package.fingerprint != bare.fingerprint
        package.check_unchanged()
        manifest.write_bytes(manifest_of("a.xml"))
        with pytest.raises(PackageChanged):
            package.check_unchanged()


@pytest.mark.parametrize("content", [b"", b"size\n1\n"])
def test_a_given_manifest_that_is_none_is_an_error(tmp_path: Path, content: bytes) -> None:
    folder = write_files(tmp_path / "package", FILES)
    with pytest.raises(ManifestUnusable):
        open_package(folder, manifest=packed(tmp_path, content, "list.csv"))
    with pytest.raises(ManifestUnusable):
        open_package(folder, manifest=tmp_path / "nothing.csv")


def test_a_manifest_in_the_package_that_is_none_is_a_finding(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "package", FILES | {"manifest.csv": b"\x00\x01"})
    with open_package(folder) as package:
        assert {"PKG-MANIFEST-BROKEN", "PKG-NO-MANIFEST"} <= set(codes(package))


def test_rows_of_a_manifest_with_faults_are_counted_and_still_declare() -> None:
    raw = (
        b"Plik;Rozmiar;MD5;SHA-1\na;x;;\nb;1;12;\n;1;;\na;2;;\na;3;;\nc;1;"
        + b"0" * 32
        + b";\nc;1;"
        + b"1" * 32
        + b";\n"
    )
    found = read_manifest(io.BytesIO(raw))
    params = {finding.code: dict(finding.params) for finding in found.findings}
    assert params == {"PKG-MANIFEST-ROW": {"count": 3, "first": 2}, "PKG-MANIFEST-CONFLICT": {"count": 2}}
    assert list(found.declared) == ["a", "b", "c"]
    assert found.has_digests
    with pytest.raises(ManifestBroken):
        read_manifest(io.BytesIO(b"path;path\na;b\n"))


def test_what_was_given_stands_in_for_data_that_is_not_there(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "package", {"a": b"1"})
    with open_package(folder) as package:
        assert {"PKG-NO-PRODUCER", "PKG-NO-HANDOVER-DATA"} <= set(codes(package))
    with open_package(folder, given=HANDOVER) as package:
        assert package.handover == HANDOVER
        assert "PKG-NO-PRODUCER" not in codes(package)
    both = write_files(tmp_path / "both", FILES)
    with open_package(both, given=Handover(producer=Producer(name="Inna"))) as package:
        assert "PKG-HANDOVER-GIVEN" in codes(package)
        assert package.handover.producer.name == "Przychodnia"


def test_the_fingerprint_is_the_same_when_read_again_and_another_after_a_change(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "package", FILES)
    with open_package(folder) as first, open_package(folder) as second:
        assert first.fingerprint == second.fingerprint
        assert len(bytes.fromhex(first.fingerprint)) == 32
        before = first.fingerprint
        assert list(first.items()) == list(second.items()) == list(first.items())
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)  # keeps times of change
    with open_package(moved) as package:
        assert package.fingerprint == before
    os.utime(folder / "a.xml", ns=(1, 1))
    with open_package(folder) as package:
        assert package.fingerprint != before


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_a_resumed_archive_has_the_fingerprint_and_items_it_had(tmp_path: Path, pack: object) -> None:
    path = packed(tmp_path, pack(FILES))  # type: ignore[operator]
    with open_package(path) as package:
        first, items = package.fingerprint, list(package.items())
        assert content_of(package, "a.xml") == b"<a/>"
    with open_package(path) as package:
        assert (package.fingerprint, list(package.items())) == (first, items)
        package.check_unchanged()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "PKG-EMPTY"),
        (b"%PDF-1.7 not a package", "PKG-NOT-A-PACKAGE"),
        (b"\x1f\x8b\x08\x00broken", "PKG-ARCHIVE-BROKEN"),
        (bz2.compress(b"x"), "PKG-ARCHIVE-UNSUPPORTED"),
        (lzma.compress(b"x"), "PKG-ARCHIVE-UNSUPPORTED"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "PKG-ARCHIVE-UNSUPPORTED"),
        (b"Rar!\x1a\x07\x01\x00", "PKG-ARCHIVE-UNSUPPORTED"),
        (tar_bytes({}), "PKG-EMPTY"),
        (tar_gz_bytes({}), "PKG-EMPTY"),
        (zip_bytes({}), "PKG-EMPTY"),
    ],
)
def test_what_holds_nothing_to_take_is_rejected_with_a_reason(tmp_path: Path, content: bytes, code: str) -> None:
    with open_package(packed(tmp_path, content, "package.zip"), given=HANDOVER) as package:
        assert package.rejection is not None
        assert package.rejection.code == code
        assert package.rejection.en
        assert list(package.items()) == []
        assert list(package.patients()) == []
        assert package.handover == HANDOVER
        assert len(package.fingerprint) == 64
        package.check_unchanged()


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_an_archive_that_is_cut_while_it_is_read_is_changed_and_not_damaged(tmp_path: Path, pack: object) -> None:
    path = packed(tmp_path, pack({"a": random.Random(1).randbytes(900_000)}))  # type: ignore[operator]
    with open_package(path) as package, package.open("a") as stream:
        assert len(stream.read(1000)) == 1000
        os.truncate(path, 400_000)
        with pytest.raises(PackageChanged):
            stream.read()


def test_a_device_is_no_package_and_nothing_is_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with open_package(tmp_path / "pipe") as package:
        assert package.rejection is not None
    with pytest.raises(PackageMissing):
        open_package(tmp_path / "nothing")


def test_every_code_that_the_reader_uses_is_in_the_list_and_none_is_idle() -> None:
    import json
    import re
    from importlib import resources

    import repository.packages as room

    listed = set(json.loads((resources.files("repository.findings") / "codes/pkg.json").read_bytes()))
    sources = [path.read_text() for path in Path(room.__path__[0]).glob("*.py")]
    used = {code for source in sources for code in re.findall(r'"(PKG-[A-Z]+(?:-[A-Z0-9]+)*)"', source)}
    assert used == listed
    assert listed <= set(rules())
