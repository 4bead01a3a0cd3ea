import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.takeover import Disposition
from repository.packages.bag_manifest import (
    DIGEST_BYTES,
    ManifestLine,
    algorithm_of,
    decode_path,
    encode_path,
    manifest_text,
    parse_manifest,
)
from repository.packages.bag_writing import write_bag
from repository.packages.errors import PackageUnusable
from repository.packages.package import HandoverPackage, open_package
from tests.builders.archives import tar_bytes, tar_gz_bytes, write_files, zip_bytes
from tests.peers.bagit_tool import load_bagit
from tests.repository.packages.reading import codes, content_of, packed

bagit = load_bagit()

FILES = {"data/a.xml": b"<a/>", "data/zażółć/sto.bin": b"\0" * 3000, "metadata/handover.json": b'{"producer": {}}'}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PATHS = TEXT.map("data/".__add__)


def our_bag(at: Path, files: Mapping[str, bytes] = FILES) -> Path:
    folder = write_files(at / "bag", files)
    write_bag(folder, info={"Source-Organization": "Przychodnia"})
    return folder


def all_digests_hold(package: HandoverPackage) -> bool:
    return all(
        hashlib.new(algorithm, content_of(package, item.path)).hexdigest() == digest
        for item in package.items()
        for algorithm, digest in item.declared_digests.items()
    )


@given(lines=st.lists(st.builds(ManifestLine, PATHS, st.binary(min_size=32, max_size=32)), max_size=8))
def test_every_manifest_that_is_written_is_read_back(lines: list[ManifestLine]) -> None:
    assert list(parse_manifest(manifest_text(lines), "sha256")) == lines


@given(path=TEXT)
def test_an_encoded_path_has_no_line_end_and_leads_back(path: str) -> None:
    assert not {"\r", "\n"} & set(encode_path(path))
    assert decode_path(encode_path(path)) == path


@given(junk=st.lists(st.text(max_size=80), max_size=6))
def test_any_text_is_read_as_lines_or_named_by_its_number(junk: list[str]) -> None:
    said = [number for number, line in enumerate(junk, 1) if line.strip()]
    found = list(parse_manifest(junk, "md5"))
    assert [
        number if isinstance(each, ManifestLine) else each for each, number in zip(found, said, strict=True)
    ] == said


def test_the_name_of_a_manifest_tells_the_algorithm() -> None:
    assert algorithm_of("manifest-sha256.txt") == ("sha256", False)
    assert algorithm_of("tagmanifest-SHA-512.txt") == ("sha512", True)
    assert algorithm_of("manifest.txt") == ("", False)


def test_a_bag_that_we_write_is_valid_for_the_reference_tool_and_for_us(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    assert bagit.Bag(str(folder)).validate()
    with open_package(folder) as package:
        assert package.declared
        assert all_digests_hold(package)
        items = {item.path: item for item in package.items()}
        assert all(item.declared and item.disposition is Disposition.PENDING for item in items.values())
        assert set(items) >= set(FILES) | {"bagit.txt", "bag-info.txt", "tagmanifest-sha512.txt"}
        assert set(items["data/a.xml"].declared_digests) == {"sha256", "sha512"}
        assert not {"PKG-OXUM", "PKG-NO-MANIFEST", "PKG-BAG-MANIFESTS-DIFFER"} & set(codes(package))


@pytest.mark.parametrize("algorithms", [["md5"], ["sha1"], ["sha256", "sha512"], ["md5", "sha384"]])
def test_a_bag_of_the_reference_tool_is_read_whole(tmp_path: Path, algorithms: list[str]) -> None:
    folder = write_files(tmp_path / "bag", {"a.xml": b"<a/>", "zażółć/100%.bin": b"1", "50%25.txt": b"2"})
    bagit.make_bag(str(folder), checksums=algorithms)
    with open_package(folder) as package:
        assert package.declared
        assert {path for path in (item.path for item in package.items()) if path.startswith("data/")} == {
            "data/a.xml",
            "data/zażółć/100%.bin",
            "data/50%25.txt",
        }
        assert all(item.declared and not item.reason for item in package.items())
        assert all_digests_hold(package)
        assert [code for code in codes(package) if code.startswith("PKG-BAG") or code == "PKG-OXUM"] == []


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\%", exclude_categories=("Cc", "Cs")), min_size=1)


@settings(max_examples=12, deadline=None)
@given(
    names=st.lists(NAMES.filter(lambda n: n.strip(". ") and len(n.encode()) < 200), min_size=1, max_size=4, unique=True)
)
def test_bags_of_any_names_that_we_write_are_valid_for_the_reference_tool(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    names = [name for name in names if not name[:1].isspace() and not name[-1:].isspace() and ":" not in name]
    folder = our_bag(tmp_path_factory.mktemp("bag"), {f"data/{name}": name.encode() for name in names} | FILES)
    assert bagit.Bag(str(folder)).validate()
    with open_package(folder) as package:
        assert all_digests_hold(package)
        items = {item.path: item for item in package.items()}
        assert (
            sum(path.startswith("data/") for path in items) == len({f"data/{name}" for name in names} | set(FILES)) - 1
        )
        assert [path for path, item in items.items() if not item.declared or item.reason] == []


def test_a_percent_sign_in_a_name_is_encoded_as_the_rfc_wants_it(tmp_path: Path) -> None:
    folder = our_bag(tmp_path, {"data/100%0A.bin": b"1"})
    assert "data/100%250A.bin" in (folder / "manifest-sha256.txt").read_text()
    with open_package(folder) as package:
        items = {item.path: item for item in package.items()}
        assert (items["data/100%0A.bin"].declared, items["data/100%0A.bin"].reason) == (True, "")
        assert [path for path, item in items.items() if not item.declared or item.reason] == []


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_a_bag_in_the_one_folder_of_an_archive_has_the_paths_and_the_fingerprint_of_the_folder(
    tmp_path: Path, pack: object
) -> None:
    folder = our_bag(tmp_path)
    files = {f"bag/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    archive = packed(tmp_path, pack(files), "archive")  # type: ignore[operator]
    with open_package(folder) as loose, open_package(archive) as archived:
        assert {item.path for item in loose.items()} == {item.path for item in archived.items()}
        assert archived.fingerprint == loose.fingerprint
        assert all_digests_hold(archived)


def test_a_folder_beside_the_bag_keeps_all_paths_whole(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    files = {f"bag/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    archive = packed(tmp_path, zip_bytes(files | {"__MACOSX/x": b""}))
    with open_package(archive) as package:
        assert "PKG-BAG-NOT-ALONE" in codes(package)
        items = {item.path: item for item in package.items()}
        assert items["bag/data/a.xml"].declared
        assert not items["__MACOSX/x"].declared
        assert all_digests_hold(package)


def test_what_a_manifest_declares_and_is_not_there_is_missing_and_what_it_does_not_is_undeclared(
    tmp_path: Path,
) -> None:
    folder = our_bag(tmp_path)
    (folder / "data/a.xml").rename(folder / "data/b.xml")
    with open_package(folder) as package:
        items = {item.path: item for item in package.items()}
        lost = items["data/a.xml"]
        assert (lost.declared, lost.size, lost.disposition, lost.reason) == (
            True,
            -1,
            Disposition.MISSING,
            "PKG-MISSING",
        )
        assert len(lost.declared_digests) == 2
        assert not items["data/b.xml"].declared
        assert max(items.values(), key=lambda item: item.ordinal) is lost


def test_a_declared_link_is_refused_and_still_declared(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    (folder / "data/a.xml").unlink()
    (folder / "data/a.xml").symlink_to("/etc/passwd")
    with open_package(folder) as package:
        (link,) = (item for item in package.items() if item.path == "data/a.xml")
        assert (link.declared, link.disposition, link.reason) == (True, Disposition.REFUSED, "PKG-LINK")


def test_a_payload_that_is_not_as_large_as_declared_is_a_finding(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    (folder / "data/a.xml").write_bytes(b"longer than before")
    with open_package(folder) as package:
        (finding,) = (finding for finding in package.findings if finding.code == "PKG-OXUM")
        assert finding.params == {"octets": 3004, "streams": 2, "found": 3018, "count": 2}


def test_an_item_that_was_to_be_fetched_is_missing_and_nothing_is_fetched(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    (folder / "data/a.xml").unlink()
    (folder / "fetch.txt").write_text("http://127.0.0.1:9/a.xml 4 data/a.xml\nnonsense\n")
    with open_package(folder) as package:
        assert {"PKG-BAG-FETCH", "PKG-BAG-LINE"} <= set(codes(package))
        (item,) = (item for item in package.items() if item.path == "data/a.xml")
        assert (item.reason, item.declared_size) == ("PKG-FETCH", 4)


def test_faults_of_manifests_are_reported_and_the_rest_holds(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    manifest = folder / "manifest-sha256.txt"
    lines = manifest.read_text()
    manifest.write_text(f"{lines}zz  data/x\n{'0' * 64}  data/a.xml\n{'1' * 64}  metadata/odd\n{'1' * 64}  ../../up\n")
    (folder / "manifest-crc32.txt").write_text("0 data/a.xml\n")
    with open_package(folder) as package:
        expected = {"PKG-BAG-LINE", "PKG-BAG-CONFLICT", "PKG-BAG-OUTSIDE", "PKG-BAG-ALGORITHM"}
        assert expected <= set(codes(package))
        items = {item.path: item for item in package.items()}
        assert items["data/a.xml"].declared_digests["sha256"] == hashlib.sha256(b"<a/>").hexdigest()
        assert items["../../up"].reason == "PKG-PATH-TRAVERSAL"
        assert items["../../up"].disposition is Disposition.REFUSED


def test_manifests_that_do_not_list_the_same_payload_are_reported(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    (folder / "manifest-sha512.txt").write_text("")
    with open_package(folder) as package:
        (finding,) = (finding for finding in package.findings if finding.code == "PKG-BAG-MANIFESTS-DIFFER")
        assert finding.params == {"count": 2}


def test_older_and_windows_manifests_are_read(tmp_path: Path) -> None:
    digest = hashlib.md5(b"1", usedforsecurity=False).hexdigest().upper()
    bag = {
        "bagit.txt": b"BagIt-Version: 0.97\r\nTag-File-Character-Encoding: windows-1250\r\n",
        "manifest-md5.txt": f"{digest} *./data/żółw 50%.txt\r\n\r\n".encode("cp1250"),
        "data/żółw 50%.txt": b"1",
    }
    with open_package(write_files(tmp_path / "bag", bag)) as package:
        (item,) = (item for item in package.items() if item.path.startswith("data/"))
        assert item.declared_digests == {"md5": digest.lower()}
        assert not [code for code in codes(package) if code.startswith("PKG-BAG")]


def test_a_declaration_that_is_wrong_is_reported_and_the_bag_is_read(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    (folder / "bagit.txt").write_text("BagIt-Version: 9.0\nTag-File-Character-Encoding: EBCDIC\n")
    with open_package(folder) as package:
        assert {"PKG-BAG-VERSION", "PKG-BAG-ENCODING"} <= set(codes(package))
        assert package.declared
    (folder / "bagit.txt").write_bytes(b"")
    with open_package(folder) as package:
        assert "PKG-BAG-DECLARATION" in codes(package)


def test_a_bag_without_manifest_declares_nothing_and_without_payload_is_rejected(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "bag", {"bagit.txt": b"BagIt-Version: 1.0\n", "data/a": b"1"})
    with open_package(folder) as package:
        assert not package.declared
        assert {"PKG-BAG-NO-MANIFEST", "PKG-NO-MANIFEST"} <= set(codes(package))
        assert package.rejection is None
    (folder / "data/a").unlink()
    with open_package(folder) as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-BAG-NO-DATA"


def test_a_name_in_another_unicode_form_is_matched_with_its_declaration(tmp_path: Path) -> None:
    folder = our_bag(tmp_path, {"data/\u0142\u00f3d\u017a.xml": b"1", **FILES})
    (folder / "data/\u0142\u00f3d\u017a.xml").rename(folder / "data/\u0142o\u0301dz\u0301.xml")
    with open_package(folder) as package:
        assert "PKG-NAME-FORM" in codes(package)
        (item,) = (item for item in package.items() if "xml" in item.path and "a.xml" not in item.path)
        assert item.declared
        assert content_of(package, item.path) == b"1"


def test_a_folder_with_a_link_or_a_hostile_name_is_not_made_a_bag(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "bag", {"data/a": b"1"})
    (folder / "data/link").symlink_to("a")
    with pytest.raises(PackageUnusable):
        write_bag(folder, info={})


def test_writing_a_bag_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = our_bag(tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_bag(folder, info={"Source-Organization": "Przychodnia"})
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_tag_value_goes_on_in_indented_lines_and_the_first_of_several_holds() -> None:
    from repository.packages.bag import tag_values

    lines = ["Bag-Size: one", "  and more", "bag-size: other", "nonsense", "Payload-Oxum:1.1"]
    assert tag_values(lines) == {"bag-size": "one and more", "payload-oxum": "1.1"}


def test_all_algorithms_that_are_known_have_the_digest_length_of_the_standard_library() -> None:
    assert {name: hashlib.new(name).digest_size for name in DIGEST_BYTES} == dict(DIGEST_BYTES)
