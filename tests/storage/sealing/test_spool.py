"""Bytes that wait on the disk: whole for who has the spool, nothing for anybody else, and gone with it."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import SealBroken, StoreUnavailable
from storage.sealing.spool import Spool
from tests.dicom_gateway.remaining import files_held

LARGE = [os.urandom(1 << 20), b"", b"x" * 300_001, b"\0" * (1 << 20)]


def filled(folder: Path, parts: list[bytes]) -> Spool:
    made = Spool(folder)
    for each in parts:
        made.write(each)
    made.finish()
    return made


@given(st.lists(st.binary(max_size=5000), max_size=8))
def test_what_was_written_is_read_as_often_as_asked_for(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    spool = filled(tmp_path_factory.mktemp("spool"), parts)
    assert spool.size == len(b"".join(parts))
    for _ in range(2):
        assert b"".join(spool.parts()) == b"".join(parts)
    with spool.open() as stream:
        assert stream.read() == b"".join(parts)
    spool.close()


def test_several_read_at_a_time(tmp_path: Path) -> None:
    spool = filled(tmp_path, LARGE)
    one, other = spool.parts(), spool.parts()
    begun = [next(one), next(other), next(one)]
    assert b"".join([begun[0], begun[2], *one]) == b"".join([begun[1], *other]) == b"".join(LARGE)
    with ThreadPoolExecutor(4) as pool:
        assert {b"".join(each) for each in pool.map(lambda _: list(spool.parts()), range(4))} == {b"".join(LARGE)}
    spool.close()


def test_it_has_no_name_and_says_nothing_to_who_has_no_key(tmp_path: Path) -> None:
    secret = b"44051401359 Kowalska^Anna " * 5000
    spool = filled(tmp_path, [secret])
    assert list(tmp_path.iterdir()) == []
    lying = os.pread(spool._file.fileno(), 1 << 20, 0)
    assert len(lying) >= len(secret)
    assert b"Kowalska" not in lying
    other = filled(tmp_path, [secret])
    assert os.pread(other._file.fileno(), 1 << 20, 0)[-1000:] != lying[-1000:], "each has a key of its own"
    assert files_held(tmp_path) == 2
    for each in (spool, other):
        each.close()
        each.close()
    assert files_held(tmp_path) == 0


@pytest.mark.parametrize("at", [0, 40, 100_000, -1])
def test_what_the_disk_has_changed_is_not_taken_for_what_was_written(tmp_path: Path, at: int) -> None:
    spool = filled(tmp_path, LARGE)
    descriptor = spool._file.fileno()
    place = at % os.fstat(descriptor).st_size
    (was,) = os.pread(descriptor, 1, place)
    os.pwrite(descriptor, bytes([was ^ 1]), place)
    with pytest.raises(SealBroken):
        list(spool.parts())
    spool.close()


def test_what_is_cut_off_is_not_whole(tmp_path: Path) -> None:
    spool = filled(tmp_path, LARGE)
    os.ftruncate(spool._file.fileno(), 1 << 20)
    with pytest.raises(SealBroken):
        list(spool.parts())
    spool.close()


def test_a_folder_that_cannot_be_made_is_told_as_the_stores_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="EEXIST"):
        Spool(tmp_path / "file")
