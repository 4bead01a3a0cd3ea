"""One item on its way in: hashed, described, held against what was declared; what is wrong with it is named."""

import hashlib
import random
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repository.domain.describing import Description, Kind
from repository.domain.takeover import Disposition, Item
from repository.findings import Finding
from repository.packages.bag_manifest import DIGEST_BYTES
from repository.packages.bag_writing import write_bag
from repository.packages.errors import ItemUnreadable, PackageChanged
from repository.packages.package import HandoverPackage, open_package
from repository.takeover.arriving import SMALL, Arrival, arrive
from repository.takeover.inscribing import said_by
from tests.builders.archives import RawMember, raw_zip, write_files
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10

pytestmark = pytest.mark.requirement("R463-6.1")
LARGE = random.Random(3).randbytes(SMALL + 70_001)
DOCUMENT = clinical_document(1)


def bag(folder: Path, files: dict[str, bytes], algorithms: tuple[str, ...] = ("sha256",)) -> Path:
    write_files(folder, {f"data/{name}": content for name, content in files.items()})
    write_bag(folder, info={}, algorithms=algorithms)
    return folder


def only(package: HandoverPackage, path: str) -> Item:
    return next(item for item in package.items() if item.path == path)


def came(package: HandoverPackage, path: str) -> Arrival:
    """The arrival of the item, read to its end."""
    arrival = arrive(package, only(package, path))
    assert isinstance(arrival, Arrival)
    content = b"".join(bytes(part) for part in arrival.parts())
    arrival.settle_digests()
    assert arrival.sha256 == hashlib.sha256(content).digest()
    assert arrival.size == len(content)
    return arrival


@pytest.mark.parametrize("content", [b"", b"x", DOCUMENT, LARGE], ids=["empty", "byte", "document", "large"])
@pytest.mark.parametrize("algorithm", sorted(DIGEST_BYTES))
def test_what_is_as_declared_is_kept_by_whatever_digest(tmp_path: Path, content: bytes, algorithm: str) -> None:
    with open_package(bag(tmp_path / "bag", {"it": content}, (algorithm,))) as package:
        arrival = came(package, "data/it")
        assert arrival.item.declared_digests == {algorithm: hashlib.new(algorithm, content).hexdigest()}
        assert arrival.disposition is Disposition.KEPT
        assert (arrival.content is None) == (len(content) > SMALL)


@pytest.mark.parametrize("content", [DOCUMENT, LARGE], ids=["document", "large"])
@pytest.mark.parametrize("algorithm", sorted(DIGEST_BYTES))
def test_what_is_not_as_declared_is_altered_by_whatever_digest(tmp_path: Path, content: bytes, algorithm: str) -> None:
    folder = bag(tmp_path / "bag", {"it": content}, (algorithm,))
    (folder / "data/it").write_bytes(content[:-1] + bytes((content[-1] ^ 1,)))
    with open_package(folder) as package:
        assert came(package, "data/it").disposition is Disposition.ALTERED


def test_the_strongest_of_several_digests_decides(tmp_path: Path) -> None:
    folder = bag(tmp_path / "bag", {"it": DOCUMENT}, ("md5", "sha256"))
    for name, expected in (("md5", Disposition.KEPT), ("sha256", Disposition.ALTERED)):
        manifest = folder / f"manifest-{name}.txt"
        good = manifest.read_text()
        manifest.write_text("0" * len(good.split()[0]) + good[len(good.split()[0]) :])
        with open_package(folder) as package:
            assert came(package, "data/it").disposition is expected, name
        manifest.write_text(good)


def test_what_is_there_and_not_declared_is_unexpected_where_anything_is_declared(tmp_path: Path) -> None:
    folder = bag(tmp_path / "bag", {"it": DOCUMENT})
    write_files(folder, {"data/more.xml": DOCUMENT, "data/large.bin": LARGE})
    with open_package(folder) as package:
        assert came(package, "data/more.xml").disposition is Disposition.UNEXPECTED
        assert came(package, "data/large.bin").disposition is Disposition.UNEXPECTED
    with open_package(write_files(tmp_path / "bare", {"more.xml": DOCUMENT})) as package:
        assert came(package, "more.xml").disposition is Disposition.KEPT


def test_a_declared_size_counts(tmp_path: Path) -> None:
    write_files(tmp_path / "bare", {"a.xml": DOCUMENT, "b.xml": DOCUMENT})
    digest = hashlib.sha256(DOCUMENT).hexdigest()
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"path,size,sha256\na.xml,{len(DOCUMENT)},{digest}\nb.xml,{len(DOCUMENT) + 1},{digest}\n")
    with open_package(tmp_path / "bare", manifest=manifest) as package:
        assert came(package, "a.xml").disposition is Disposition.KEPT
        assert came(package, "b.xml").disposition is Disposition.ALTERED


def test_content_decides_what_it_is(tmp_path: Path) -> None:
    files = {"a.xml": part10(data_set(1)), "b.dcm": DOCUMENT, "c.dcm": b"\0\1\2", "large.xml": LARGE}
    with open_package(write_files(tmp_path / "bare", files)) as package:
        kinds = {name: came(package, name).description.kind for name in files}
    assert kinds == {"a.xml": Kind.DICOM, "b.dcm": Kind.CDA, "c.dcm": Kind.OPAQUE, "large.xml": Kind.OPAQUE}


@pytest.mark.requirement("R463-3.1.1")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "XML-001"),
        (b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "XML-001"),
        (b'<?xml version="1.0"?>' + b"<a>" * 20_000 + b"</a>" * 20_000, "XML-003"),
    ],
)
def test_hostile_xml_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    with open_package(write_files(tmp_path / "bare", {"evil.xml": content})) as package:
        settled = arrive(package, only(package, "evil.xml"))
    assert isinstance(settled, Item)
    assert settled.disposition is Disposition.REFUSED
    assert settled.reason.startswith("XML-00")
    assert code.startswith("XML-00")


def test_what_cannot_be_read_is_missing_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(raw_zip([RawMember(b"small", b"hello", crc=1), RawMember(b"good", b"hello")]))
    with open_package(tmp_path / "p.zip") as package:
        settled = arrive(package, only(package, "small"))
        assert isinstance(settled, Item)
        assert (settled.disposition, settled.reason) == (Disposition.MISSING, "TKO-UNREADABLE")
        assert came(package, "good").disposition is Disposition.KEPT


def test_damage_behind_the_beginning_of_a_large_item_is_told_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(raw_zip([RawMember(b"large", LARGE, crc=1)]))
    with open_package(tmp_path / "p.zip") as package:
        arrival = arrive(package, only(package, "large"))
        assert isinstance(arrival, Arrival)
        assert arrival.content is None
        with pytest.raises(ItemUnreadable):
            list(arrival.parts())


@pytest.mark.parametrize(("method", "announced"), [(8, 3), (8, 9), (8, SMALL + 9), (0, 3), (0, 9)])
def test_a_size_that_lies_never_becomes_a_shorter_or_longer_item(tmp_path: Path, method: int, announced: int) -> None:
    (tmp_path / "p.zip").write_bytes(raw_zip([RawMember(b"lies", b"hello", method=method, size=announced)]))
    with open_package(tmp_path / "p.zip") as package:
        item = only(package, "lies")
        settled = item if item.disposition is not Disposition.PENDING else arrive(package, item)
        assert isinstance(settled, Item)
        assert (settled.disposition, settled.reason) == (Disposition.MISSING, "TKO-UNREADABLE")


def test_a_file_that_changes_stops_the_takeover(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "bare", {"small": b"hello", "large": LARGE})
    with open_package(folder) as package:
        small, large = only(package, "small"), arrive(package, only(package, "large"))
        assert isinstance(large, Arrival)
        (folder / "small").write_bytes(b"hello, world")
        (folder / "large").write_bytes(LARGE + b"more")
        with pytest.raises(PackageChanged):
            arrive(package, small)
        with pytest.raises(PackageChanged):
            list(large.parts())


def test_a_streamed_item_can_be_read_again_with_fresh_digests(tmp_path: Path) -> None:
    with open_package(write_files(tmp_path / "bare", {"large": LARGE})) as package:
        arrival = arrive(package, only(package, "large"))
        assert isinstance(arrival, Arrival)
        next(iter(arrival.parts()))
        assert b"".join(bytes(part) for part in arrival.parts()) == LARGE
        arrival.settle_digests()
        assert arrival.sha256 == hashlib.sha256(LARGE).digest()
        assert arrival.disposition is Disposition.KEPT


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.integers(-2, 2).map(lambda by: bytes(SMALL + by)))
def test_whatever_it_is_it_arrives_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = write_files(tmp_path_factory.mktemp("one"), {"it": content})
    with open_package(folder) as package:
        arrival = arrive(package, only(package, "it"))
        if isinstance(arrival, Arrival):
            assert b"".join(bytes(part) for part in arrival.parts()) == content
            assert (arrival.content is None) == (len(content) > SMALL)


def test_under_another_item_an_arrival_is_all_that_it_was() -> None:
    said = Description(Kind.OPAQUE, "application/octet-stream")
    came = Arrival(
        Item(1, "a"), said, b"content", lambda: iter([b"content"]), declared=True, sha256=b"1" * 32, sha1=b"2" * 20,
        size=7, patient=3, conflicts_with=4, disposition=Disposition.ALTERED, says=b"{}",
    )  # fmt: skip
    plain = Arrival(Item(1, "a"), said, None)
    alike = {each.name for each in fields(came) if getattr(came, each.name) == getattr(plain, each.name)}
    assert alike == {"item", "description", "_passing"}  # of all others it is seen whether they were taken over
    assert came.under(Item(9, "b")) == replace(came, item=Item(9, "b"))


def test_what_is_noted_of_an_arrival_is_in_what_is_made_of_it_afterwards() -> None:
    came = Arrival(Item(1, "a"), Description(Kind.OPAQUE, "text/plain", findings=(Finding("DCM-016"),)), b"")
    came.says = said_by(came.description)
    came.note(Finding("TKO-NO-PATIENT"))
    assert [each.code for each in came.description.findings] == ["DCM-016", "TKO-NO-PATIENT"]
    assert not came.says
