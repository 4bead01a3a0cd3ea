"""Uploads of a home: what is acknowledged is durable, what was cut off is known, nobody else's is there."""

import errno
import json
import os
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.uploads import keeping, parts
from repository.uploads.errors import (
    NoRoom,
    OffsetDiffers,
    PartDiffers,
    PartTooSmall,
    TooManyUploads,
    UploadBusy,
    UploadIncomplete,
    UploadTaken,
    UploadTooLarge,
    UploadUnknown,
)
from repository.uploads.keeping import LASTS, Uploads
from repository.uploads.parts import Part
from storage.keys.small_secrets import SmallSecrets
from storage.sealing.segments import INCOMING, Segment, new_segment_key
from tests.builders.flushing import flushed
from tests.repository.uploads.kept_uploads import Clock, read, send


def test_parts_make_the_whole_and_nobody_else_may_read_it(uploads: Uploads) -> None:
    made = uploads.begin("ada", 10)
    assert send(uploads, made.id, b"01234", offset=0) == 5
    assert not uploads.find(made.id, "ada").complete
    assert send(uploads, made.id, b"56789", offset=5) == 10
    assert uploads.find(made.id, "ada").complete
    assert read(uploads, made.id) == b"0123456789"
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (uploads.folder / made.id).rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    assert uploads.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(UploadUnknown):
        uploads.find(made.id, "eve")


def test_an_upload_that_was_begun_is_flushed_with_all_that_is_known_of_it(uploads: Uploads) -> None:
    with flushed() as done:
        made = uploads.begin("ada", 10)
    assert done[-1] == (uploads.folder, {made.id})
    known = {each.name for each in (uploads.folder / made.id).iterdir()}
    assert known in [names for path, names in done if path == uploads.folder / made.id]


@settings(max_examples=30, deadline=None)
@given(
    content=st.binary(min_size=1, max_size=300),
    cuts=st.lists(st.integers(0, 299), max_size=5),
    every=st.sampled_from([7, 64, 64 << 20]),
    died=st.sampled_from(["", "writing", "before it was noted"]),
)
def test_however_it_is_cut_off_the_bytes_are_those_that_were_sent(
    tmp_path_factory: pytest.TempPathFactory,
    secrets: SmallSecrets,
    *,
    content: bytes,
    cuts: list[int],
    every: int,
    died: str,
) -> None:
    uploads = Uploads(tmp_path_factory.mktemp("uploads"), clock=Clock(), secrets=secrets)
    made = uploads.begin("ada", len(content))
    with patch.object(parts, "NOTED_EVERY", every):
        for cut in [*cuts, len(content)]:
            offset = uploads.find(made.id, "ada").offset
            leave_behind(uploads.data(made.id), offset, died)
            with suppress(ConnectionError), uploads.part(made.id, "ada", offset=offset) as part:
                for at in range(offset, max(offset, cut), 5):
                    part.add(content[at : min(at + 5, cut)])
                raise ConnectionError
    assert uploads.find(made.id, "ada").complete
    assert read(uploads, made.id) == content


def leave_behind(folder: Path, offset: int, died: str) -> None:
    """What a dying process leaves, and nobody acknowledged."""
    if died == "writing":
        (folder / INCOMING).write_bytes(b"?????")
    elif died:
        for start in (offset, offset + 9):
            segment = Segment(folder, start, key=new_segment_key(), whole=UUID(int=1))
            segment.write(b"?" * 9)
            segment.finish()


def test_a_part_that_is_not_what_its_digest_says_leaves_nothing(uploads: Uploads) -> None:
    made = uploads.begin("ada", 6)
    for wrong in (True, False):
        expected = pytest.raises(PartDiffers) if wrong else pytest.raises(ConnectionError)
        with expected, uploads.part(made.id, "ada", offset=0) as part:
            part.expect("sha256", sha256(b"abcdef").digest())
            part.add(b"abc" if not wrong else b"abcdeX")
            if not wrong:
                raise ConnectionError
            part.finish()
        assert uploads.find(made.id, "ada").offset == 0
        assert not list(uploads.data(made.id).iterdir())


def test_a_part_with_a_digest_counts_whole_however_many_segments_it_has(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "NOTED_EVERY", 4)
    made = uploads.begin("ada", 12)
    with pytest.raises(PartDiffers), uploads.part(made.id, "ada", offset=0) as part:  # noqa: PT012  its end raises
        part.expect("sha256", sha256(b"other").digest())
        for _ in range(3):
            part.add(b"abcd")
        assert uploads.find(made.id, "ada").offset == 0
        part.finish()
    assert not list(uploads.data(made.id).iterdir())
    with uploads.part(made.id, "ada", offset=0) as part:
        part.expect("sha256", sha256(b"abcdefghijkl").digest())
        for piece in (b"abcd", b"efgh", b"ijkl"):
            part.add(piece)
        assert part.finish() == 12
    assert read(uploads, made.id) == b"abcdefghijkl"


def test_a_disk_without_room_keeps_what_was_acknowledged(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    made = uploads.begin("ada", 8)
    send(uploads, made.id, b"0123", offset=0)
    with pytest.raises(NoRoom), monkeypatch.context() as patched, uploads.part(made.id, "ada", offset=4) as part:
        fill(patched, part)
    assert uploads.find(made.id, "ada").offset == 4
    assert [path.name for path in uploads.data(made.id).iterdir()] == [f"{0:020d}"]
    send(uploads, made.id, b"4567", offset=4)
    assert read(uploads, made.id) == b"01234567"


def fill(patched: pytest.MonkeyPatch, part: Part) -> None:
    """The disk is full after the first bytes."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    part.add(b"45")
    patched.setattr(os, "write", full)
    part.add(b"67")


def test_a_part_that_begins_elsewhere_or_is_too_long_is_refused(uploads: Uploads) -> None:
    made = uploads.begin("ada", 4)
    with pytest.raises(OffsetDiffers), uploads.part(made.id, "ada", offset=2):
        pass
    with pytest.raises(UploadTooLarge), uploads.part(made.id, "ada", offset=0) as part:
        part.add(b"12345")
    assert uploads.find(made.id, "ada").offset == 0


def test_two_parts_at_once_do_not_mix(uploads: Uploads) -> None:
    made = uploads.begin("ada", 4)
    with uploads.part(made.id, "ada", offset=0):
        with pytest.raises(UploadBusy), uploads.part(made.id, "ada", offset=0):
            pass
        with pytest.raises(UploadBusy):
            uploads.cancel(made.id, "ada")


def test_what_nobody_goes_on_with_ends_and_what_was_ordered_stays(uploads: Uploads, clock: Clock) -> None:
    left, ordered = uploads.begin("ada", 4), uploads.begin("ada", 1)
    send(uploads, ordered.id, b"x", offset=0)
    with pytest.raises(UploadIncomplete):
        uploads.order(left.id, "ada", {})
    uploads.order(ordered.id, "ada", {"a": 1})
    uploads.order(ordered.id, "ada", {"a": 2})
    clock.now += LASTS + timedelta(seconds=1)
    with pytest.raises(UploadUnknown):
        uploads.find(left.id, "ada")
    uploads.reap()
    assert uploads.ids() == [ordered.id]
    assert uploads.ordered(ordered.id)[1] == {"a": 1}
    with pytest.raises(UploadTaken):
        uploads.cancel(ordered.id, "ada")
    with pytest.raises(UploadTaken), uploads.part(ordered.id, "ada", offset=1):
        pass


def test_there_are_limits(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_UPLOADS", 1)
    uploads.begin("ada", 1)
    with pytest.raises(TooManyUploads):
        uploads.begin("ada", 1)
    with pytest.raises(UploadTooLarge):
        uploads.begin("ada", 1 << 60)


@pytest.mark.parametrize("id", ["", "..", "../../etc", "0" * 36, "x", "00000000-0000-4000-8000-000000000000"])
def test_a_name_that_is_none_is_not_there(uploads: Uploads, id: str) -> None:  # noqa: A002
    with pytest.raises(UploadUnknown):
        uploads.find(id, "ada")


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parts below 10 bytes may come."""
    monkeypatch.setattr(parts, "SMALL", 10)
    monkeypatch.setattr(parts, "MOST_SMALL", 3)


@pytest.mark.usefixtures("three")
def test_of_many_small_parts_only_so_many_are_kept_and_large_ones_and_the_last_always(uploads: Uploads) -> None:
    made = uploads.begin("ada", 40)
    for offset in range(3):
        send(uploads, made.id, b"s", offset=offset)
    with pytest.raises(PartTooSmall):
        send(uploads, made.id, b"s" * 9, offset=3)
    assert uploads.find(made.id, "ada").offset == 3
    send(uploads, made.id, b"L" * 10, offset=3)
    with pytest.raises(PartTooSmall):
        send(uploads, made.id, b"s", offset=13)
    send(uploads, made.id, b"M" * 25, offset=13)
    send(uploads, made.id, b"ee", offset=38)
    assert read(uploads, made.id) == b"sss" + b"L" * 10 + b"M" * 25 + b"ee"
    assert len(list(uploads.data(made.id).iterdir())) == 6


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("digest", [b"", sha256(b"s").digest()])
def test_a_small_part_too_many_that_is_cut_off_is_not_kept(uploads: Uploads, digest: bytes) -> None:
    made = uploads.begin("ada", 40)
    for each in range(5):
        with suppress(ConnectionError), uploads.part(made.id, "ada", offset=min(each, 3)) as part:
            if digest and each >= 3:
                part.expect("sha256", digest)
            part.add(b"s")
            raise ConnectionError
    assert uploads.find(made.id, "ada").offset == 3
    assert len(list(uploads.data(made.id).iterdir())) == 3


@pytest.mark.usefixtures("three")
def test_a_large_part_that_is_noted_on_its_way_is_no_small_one(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "NOTED_EVERY", 12)
    made = uploads.begin("ada", 1000)
    for offset in range(0, 130, 13):
        with uploads.part(made.id, "ada", offset=offset) as part:
            part.add(b"x" * 12)
            part.add(b"y")
            assert part.finish() == offset + 13
    assert uploads.find(made.id, "ada").small == 0


def test_an_upload_of_an_earlier_version_goes_on(uploads: Uploads) -> None:
    """Its small parts were not counted."""
    made = uploads.begin("ada", 4)
    place = uploads.folder / made.id / keeping.OFFSET
    noted = json.loads(place.read_bytes())
    del noted["small"]
    place.write_text(json.dumps(noted))
    assert send(uploads, made.id, b"ab", offset=0) == 2
    assert uploads.find(made.id, "ada").small == 1
