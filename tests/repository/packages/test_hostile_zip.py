import io
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.takeover import Disposition
from repository.packages.errors import ItemUnreadable
from repository.packages.guard import Limits
from repository.packages.package import open_package
from repository.packages.source import ArchiveFile
from repository.packages.zipped import ZipSource
from tests.builders.archives import RawMember, raw_zip, zip_bytes
from tests.repository.packages.reading import codes, content_of, items_of, packed, reasons_of

GOOD = RawMember(b"good.txt", b"kept")


def with_good(*members: RawMember) -> bytes:
    return raw_zip([*members, GOOD])


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (RawMember(b"../up", b"x"), "PKG-PATH-TRAVERSAL"),
        (RawMember(b"/abs", b"x"), "PKG-PATH-ABSOLUTE"),
        (RawMember(b"D:x", b"x"), "PKG-PATH-DRIVE"),
        (RawMember(b"a\\b", b"x"), "PKG-PATH-BACKSLASH"),
        (RawMember(b"nul\0.txt", b"x"), "PKG-PATH-CONTROL"),
        (RawMember(b"", b"x"), "PKG-PATH-UNCLEAR"),
        (RawMember(b"link", b"/etc/passwd", mode=0o120777), "PKG-LINK"),
        (RawMember(b"fifo", mode=0o010644), "PKG-SPECIAL"),
        (RawMember(b"folder/", b"bytes behind a folder"), "PKG-SPECIAL"),
        (RawMember(b"other", b"x", local_name=b"thing"), "PKG-ZIP-DIFFERS"),
    ],
)
def test_a_hostile_member_is_refused_by_name_and_the_rest_is_taken(
    tmp_path: Path, member: RawMember, code: str
) -> None:
    found = items_of(packed(tmp_path, with_good(member)))
    (refused,) = (item for item in found.values() if item.reason)
    assert (refused.reason, refused.disposition) == (code, Disposition.REFUSED)
    assert found["good.txt"].disposition is Disposition.PENDING


@pytest.mark.parametrize(
    ("member", "code"),
    [(RawMember(b"secret", b"x", flags=1), "PKG-ENCRYPTED"), (RawMember(b"rare", b"x", method=9), "PKG-METHOD")],
)
def test_a_member_that_cannot_be_unpacked_is_missing_by_name(tmp_path: Path, member: RawMember, code: str) -> None:
    found = items_of(packed(tmp_path, with_good(member)))
    assert found[member.name.decode()].reason == code
    assert found[member.name.decode()].disposition is Disposition.MISSING


def test_members_that_share_bytes_are_all_refused(tmp_path: Path) -> None:
    inner = RawMember(b"inner", b"payload")
    quoted = raw_zip([inner])[: 30 + 5 + 7]  # a local header inside of another member's bytes
    outer = RawMember(b"outer", quoted)
    content = raw_zip([outer, replace(inner, at=30 + 5), GOOD])
    assert reasons_of(packed(tmp_path, content)) == {
        "outer": "PKG-ZIP-OVERLAP",
        "inner": "PKG-ZIP-OVERLAP",
        "good.txt": "",
    }


def test_two_records_of_one_member_are_refused(tmp_path: Path) -> None:
    content = raw_zip([RawMember(b"x", b"1"), RawMember(b"x", b"1", at=0), GOOD])
    assert set(reasons_of(packed(tmp_path, content)).values()) == {"", "PKG-ZIP-OVERLAP"}


def test_of_two_members_with_one_name_neither_is_taken(tmp_path: Path) -> None:
    content = with_good(RawMember(b"x", b"1"), RawMember(b"x", b"2"))
    assert reasons_of(packed(tmp_path, content)) == {"x": "PKG-NAME-TWICE", "x\\#2": "PKG-NAME-TWICE", "good.txt": ""}


def test_a_bomb_is_refused_by_the_size_it_announces(tmp_path: Path) -> None:
    bomb = RawMember(b"bomb", bytes(8 << 20), method=8)
    assert len(bomb.content) > 900 * len(bomb.packed)
    limits = Limits(ratio_floor=1 << 20)
    assert reasons_of(packed(tmp_path, with_good(bomb)), limits=limits) == {"bomb": "PKG-BOMB", "good.txt": ""}


def test_a_bomb_that_announces_little_is_stopped_where_it_says_more(tmp_path: Path) -> None:
    bomb = RawMember(b"bomb", bytes(64 << 20), method=8, size=1000)
    with open_package(packed(tmp_path, with_good(bomb))) as package:
        with package.open("bomb") as stream, pytest.raises(ItemUnreadable) as caught:
            stream.read()
        assert caught.value.finding == "PKG-SIZE-LIES"
        with package.open("bomb") as stream, pytest.raises(ItemUnreadable):
            stream.read(1001)
        assert content_of(package, "good.txt") == b"kept"


@pytest.mark.parametrize("method", [0, 8])
def test_a_member_with_fewer_bytes_than_announced_is_not_given_as_whole(tmp_path: Path, method: int) -> None:
    short = RawMember(b"short", b"12345", size=6, method=method)
    with open_package(packed(tmp_path, with_good(short))) as package, package.open("short") as stream:
        with pytest.raises(ItemUnreadable) as caught:
            stream.read()
        assert caught.value.finding == "PKG-SIZE-LIES"


def test_a_member_whose_checksum_is_wrong_is_not_given_as_whole(tmp_path: Path) -> None:
    with open_package(packed(tmp_path, with_good(RawMember(b"bad", b"12345", crc=1)))) as package:
        with package.open("bad") as stream, pytest.raises(ItemUnreadable) as caught:
            stream.read()
        assert caught.value.finding == "PKG-DAMAGED"


def test_a_name_without_the_utf_8_flag_is_read_as_polish_windows_writes_it(tmp_path: Path) -> None:
    windows = RawMember("Łódź/żółw.txt".encode("cp852"), b"1")
    macos = RawMember("Gdańsk.txt".encode(), b"2")
    assert set(reasons_of(packed(tmp_path, raw_zip([windows, macos])))) == {"Łódź/żółw.txt", "Gdańsk.txt"}


def test_an_archive_without_a_directory_is_rejected(tmp_path: Path) -> None:
    with open_package(packed(tmp_path, with_good()[:40])) as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-ARCHIVE-BROKEN"


def test_more_members_than_the_limit_are_rejected_before_they_are_listed(tmp_path: Path) -> None:
    path = packed(tmp_path, zip_bytes({f"{n}": b"" for n in range(11)}))
    with open_package(path, limits=Limits(entries=10)) as package:
        assert package.rejection is not None
        assert package.rejection.code == "PKG-TOO-MANY"


def test_an_archive_of_more_than_65535_members_is_listed_whole(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(66_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    source = ZipSource(ArchiveFile(packed(tmp_path, buffer.getvalue())), limits=Limits())
    assert [entry.path for entry in source.entries] == [f"{number}" for number in range(66_000)]
    source.close()


def test_a_member_in_zip64_form_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("big", "w", force_zip64=True) as stream:
        stream.write(b"x" * 1000)
    with open_package(packed(tmp_path, buffer.getvalue())) as package:
        assert content_of(package, "big") == b"x" * 1000


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0\\", exclude_categories=("Cc", "Cs")), min_size=1)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])


@settings(max_examples=60, deadline=None)
@given(files=st.dictionaries(NAMES, st.binary(max_size=3000), max_size=6), method=METHODS)
def test_what_the_standard_library_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], method: int
) -> None:
    from repository.packages.labels import text_of

    source = ZipSource(
        ArchiveFile(packed(tmp_path_factory.mktemp("zip"), zip_bytes(files, method=method))), limits=Limits()
    )
    assert {text_of(entry.path): source.open(entry.path).read() for entry in source.entries} == files
    source.close()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_zip_with_flipped_bytes_is_read_or_reported_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(zip_bytes({"a": b"1" * 700, "folder/b": b"2", "c": b"3" * 40}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with open_package(packed(tmp_path_factory.mktemp("zip"), bytes(content))) as package:
        codes(package)
        for item in package.items():
            if item.disposition is Disposition.PENDING:
                with suppress(ItemUnreadable):
                    assert len(content_of(package, item.path)) == item.size
