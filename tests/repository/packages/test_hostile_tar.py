import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.takeover import Disposition
from repository.packages.errors import ItemUnreadable
from repository.packages.guard import Limits
from repository.packages.package import HandoverPackage, open_package
from repository.packages.source import ArchiveFile
from tests.builders.archives import BLOCK, ended, padded, tar_bytes, tar_gz_bytes, tar_header, tar_member
from tests.repository.packages.reading import codes, content_of, items_of, packed, reasons_of

GOOD = tar_member(b"good.txt", b"kept")

HOSTILE = {
    b"../up": "PKG-PATH-TRAVERSAL",
    b"a/../../up": "PKG-PATH-TRAVERSAL",
    b"/etc/passwd": "PKG-PATH-ABSOLUTE",
    b"C:/windows": "PKG-PATH-DRIVE",
    b"a\\b": "PKG-PATH-BACKSLASH",
    b"a//b": "PKG-PATH-UNCLEAR",
    b"a/./b": "PKG-PATH-UNCLEAR",
    b"line\nfeed": "PKG-PATH-CONTROL",
    b"bell\x07": "PKG-PATH-CONTROL",
}


@pytest.mark.parametrize(("name", "code"), HOSTILE.items())
def test_a_name_that_is_no_honest_relative_path_is_refused_by_name_and_the_rest_is_taken(
    tmp_path: Path, name: bytes, code: str
) -> None:
    found = items_of(packed(tmp_path, ended(tar_member(name, b"evil"), GOOD)))
    (refused,) = (item for item in found.values() if item.reason)
    assert refused.reason == code
    assert refused.disposition is Disposition.REFUSED
    assert found["good.txt"].disposition is Disposition.PENDING


@pytest.mark.parametrize(
    ("kind", "code"),
    [(b"1", "PKG-LINK"), (b"2", "PKG-LINK"), (b"3", "PKG-SPECIAL"), (b"4", "PKG-SPECIAL"), (b"6", "PKG-SPECIAL")],
)
def test_links_devices_and_pipes_are_refused_by_name(tmp_path: Path, kind: bytes, code: str) -> None:
    package = packed(tmp_path, ended(tar_member(b"it", kind=kind, link=b"/etc/passwd"), GOOD))
    assert reasons_of(package) == {"it": code, "good.txt": ""}


def test_of_two_members_with_one_name_neither_is_taken_and_both_are_named(tmp_path: Path) -> None:
    package = packed(tmp_path, ended(tar_member(b"x", b"one"), GOOD, tar_member(b"./x", b"two")))
    assert reasons_of(package) == {"x": "PKG-NAME-TWICE", "good.txt": "", "x\\#2": "PKG-NAME-TWICE"}


def test_a_refused_item_cannot_be_opened(tmp_path: Path) -> None:
    with open_package(packed(tmp_path, ended(tar_member(b"../up", b"evil"), GOOD))) as package:
        with pytest.raises(ItemUnreadable):
            package.open("../up")
        assert content_of(package, "good.txt") == b"kept"


def test_a_name_that_is_not_utf_8_has_a_label_that_prints_and_opens(tmp_path: Path) -> None:
    with open_package(packed(tmp_path, ended(tar_member("łódź".encode("cp1250"), b"!")))) as package:
        (item,) = package.items()
        assert item.path == "\\xb3\\xf3d\\x9f"
        assert content_of(package, item.path) == b"!"


def test_a_broken_header_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    broken = bytearray(tar_member(b"lost", b"lost"))
    broken[0] ^= 1
    with open_package(packed(tmp_path, ended(GOOD, bytes(broken), GOOD))) as package:
        assert "PKG-ARCHIVE-DAMAGED" in codes(package)
        assert [item.path for item in package.items()] == ["good.txt"]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_member_in_which_the_archive_ends_is_missing_by_name(tmp_path: Path, compressed: bool) -> None:
    content = GOOD + tar_member(b"cut", b"c" * 5000)[:2000]
    with open_package(packed(tmp_path, gzip.compress(content) if compressed else content)) as package:
        assert "PKG-ARCHIVE-DAMAGED" in codes(package)
        good, cut = package.items()
        assert (good.reason, cut.reason) == ("", "PKG-DAMAGED")
        assert cut.disposition is Disposition.MISSING


def test_a_gzip_file_that_is_cut_off_still_gives_what_lies_before_the_cut(tmp_path: Path) -> None:
    noise = random.Random(7).randbytes(300_000)  # does not compress: the cut falls into the second member
    whole = gzip.compress(ended(GOOD, tar_member(b"cut", noise)))
    with open_package(packed(tmp_path, whole[:200_000])) as package:
        assert "PKG-ARCHIVE-DAMAGED" in codes(package)
        assert {item.path: item.reason for item in package.items()} == {"good.txt": "", "cut": "PKG-DAMAGED"}
        assert content_of(package, "good.txt") == b"kept"


def of_the_archive(package: HandoverPackage) -> list[str]:
    """Without what is said of every bare package."""
    return [each for each in codes(package) if each.startswith("PKG-ARCHIVE-")]


def test_a_missing_end_mark_and_trailing_bytes_are_reported(tmp_path: Path) -> None:
    with open_package(packed(tmp_path, GOOD, "unended")) as package:
        assert of_the_archive(package) == ["PKG-ARCHIVE-UNENDED"]
    with open_package(packed(tmp_path, ended(GOOD) + ended(tar_member(b"hidden", b"x")), "trailing")) as package:
        assert of_the_archive(package) == ["PKG-ARCHIVE-TRAILING"]


def test_a_compressed_bomb_is_not_inflated_to_its_end(tmp_path: Path) -> None:
    limits = Limits(ratio_floor=1 << 20, ratio=20)
    bomb = gzip.compress(ended(tar_member(b"zeros", bytes(8 << 20))))
    assert 900 * len(bomb) < 8 << 20
    with open_package(packed(tmp_path, bomb), limits=limits) as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-BOMB"
        assert list(package.items()) == []


def test_a_member_that_announces_more_than_the_archive_holds_is_never_read(tmp_path: Path) -> None:
    package = packed(tmp_path, GOOD + tar_header(b"vast", size=1 << 50) + b"x" * BLOCK)
    assert reasons_of(package) == {"good.txt": "", "vast": "PKG-DAMAGED"}


def test_an_extended_header_larger_than_its_limit_ends_the_listing(tmp_path: Path) -> None:
    long_name = tar_header(b"././@LongLink", size=4096, kind=b"L") + padded(b"n" * 4096)
    with open_package(packed(tmp_path, ended(GOOD, long_name, GOOD)), limits=Limits(header_bytes=1000)) as package:
        assert of_the_archive(package) == ["PKG-ARCHIVE-DAMAGED"]
        assert [item.path for item in package.items()] == ["good.txt"]


def test_a_thousand_extended_headers_in_a_row_do_no_harm(tmp_path: Path) -> None:
    chain = (tar_header(b"././@LongLink", size=4, kind=b"L") + padded(b"name")) * 3000
    assert reasons_of(packed(tmp_path, ended(chain, tar_member(b"x", b"1")))) == {"name": ""}


def test_a_global_header_that_sets_a_size_for_all_is_damage(tmp_path: Path) -> None:
    header = tar_header(b"g", size=11, kind=b"g") + padded(b"11 size=99\n")
    with open_package(packed(tmp_path, ended(header, GOOD))) as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-ARCHIVE-BROKEN"


def test_a_sparse_member_is_named_as_not_readable(tmp_path: Path) -> None:
    record = b"22 GNU.sparse.major=1\n"
    header = tar_header(b"x", size=len(record), kind=b"x") + padded(record)
    assert reasons_of(packed(tmp_path, ended(header, tar_member(b"holes", b"1"), GOOD)))["holes"] == "PKG-SPARSE"


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_what_stands_behind_the_map_of_an_old_sparse_member_is_read(tmp_path: Path, blocks: int) -> None:
    """GNU's type `S`: 21 entries of its map are in each block between its header and its content."""
    header = bytearray(tar_header(b"holes", size=1, kind=b"S"))
    header[482] = blocks > 0
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more = [bytes(504) + bytes([number < blocks]) + bytes(7) for number in range(1, blocks + 1)]
    path = packed(tmp_path, ended(bytes(header), *more, padded(b"1"), tar_member(b"good", b"content")))
    assert reasons_of(path) == {"holes": "PKG-SPARSE", "good": ""}
    with open_package(path) as package:
        assert content_of(package, "good") == b"content"


def test_more_entries_than_the_limit_reject_the_package(tmp_path: Path) -> None:
    path = packed(tmp_path, tar_bytes({f"{n}": b"" for n in range(11)}))
    with open_package(path, limits=Limits(entries=10)) as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-TOO-MANY"


def test_limits_of_size_path_and_depth_refuse_single_members(tmp_path: Path) -> None:
    files = {"small": b"12", "big": b"1" * 100, "n" * 60: b"", "a/b/c/d": b"", "late": b"123456789"}
    limits = Limits(member_bytes=50, path_bytes=40, depth=3, total_bytes=10)
    assert reasons_of(packed(tmp_path, tar_bytes(files)), limits=limits) == {
        "small": "",
        "big": "PKG-TOO-LARGE",
        "n" * 60: "PKG-PATH-TOO-LONG",
        "a/b/c/d": "PKG-PATH-TOO-DEEP",
        "late": "PKG-TOTAL",
    }


def test_an_archive_made_of_the_current_folder_has_paths_without_the_dot(tmp_path: Path) -> None:
    content = ended(tar_member(b"./", kind=b"5"), tar_member(b"./a/", kind=b"5"), tar_member(b"./a/b", b"1"))
    assert reasons_of(packed(tmp_path, content)) == {"a/b": ""}


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0\\", exclude_categories=("Cc", "Cs")), min_size=1)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)
FORMS = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])


@settings(max_examples=60, deadline=None)
@given(files=st.dictionaries(PATHS, st.binary(max_size=2000), max_size=6), form=FORMS, compressed=st.booleans())
def test_what_the_standard_library_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], form: int, compressed: bool
) -> None:
    from repository.packages.labels import text_of
    from repository.packages.tarball import TarSource

    content = tar_bytes(files, form=form)
    path = packed(tmp_path_factory.mktemp("tar"), gzip.compress(content) if compressed else content)
    source = TarSource(ArchiveFile(path), limits=Limits(), compressed=compressed)
    assert {text_of(entry.path): source.open(entry.path).read() for entry in source.entries} == files
    assert source.findings == ()
    source.close()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_tar_with_flipped_bytes_is_read_or_reported_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(tar_bytes({"a": b"1" * 700, "long/" + "n" * 150: b"2", "c": b"3"}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = packed(tmp_path_factory.mktemp("tar"), bytes(content))
    with open_package(path) as package:
        codes(package)
        for item in package.items():
            if item.disposition is Disposition.PENDING:
                assert len(content_of(package, item.path)) == item.size


def test_members_of_a_compressed_tar_are_read_in_any_order_and_from_several_gzip_members(tmp_path: Path) -> None:
    files = {f"f{n:02}": bytes([n]) * (50_000 + n) for n in range(30)}
    content = tar_bytes(files)
    half = len(content) // 2
    path = packed(tmp_path, gzip.compress(content[:half]) + gzip.compress(content[half:]) + bytes(100))
    with open_package(path) as package:
        for name in sorted(files, reverse=True):
            assert content_of(package, name) == files[name]


def test_the_index_of_a_compressed_tar_keeps_few_copies_and_finds_every_place(tmp_path: Path) -> None:
    from repository.packages import inflating

    content = bytes(range(256)) * 8_000
    file = ArchiveFile(packed(tmp_path, gzip.compress(content)))
    index = inflating.GzipIndex(file, spacing=1_000)
    cursor = inflating.GzipCursor(file)
    while cursor.read(500):
        index.passing(cursor)
    assert len(index._copies) <= inflating.MOST_COPIES
    for place in (0, 1, 999, 1_000_000, len(content) - 3):
        assert index.take(place).read(3) == content[place : place + 3]
    file.close()


def test_the_standard_library_agrees_on_what_the_raw_builder_writes() -> None:
    with tarfile.open(fileobj=io.BytesIO(ended(GOOD, tar_member(b"l", kind=b"2", link=b"t")))) as archive:
        assert [(member.name, member.size) for member in archive] == [("good.txt", 4), ("l", 0)]
    assert gzip.decompress(tar_gz_bytes({"a": b"1"})) == tar_bytes({"a": b"1"})
