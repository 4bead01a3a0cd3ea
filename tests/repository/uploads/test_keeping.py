"""Uploads of a home: what is acknowledged is durable, what was cut off is known, nobody else's is there."""

import errno
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
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
    TooManyUploads,
    UploadBusy,
    UploadDamaged,
    UploadIncomplete,
    UploadTaken,
    UploadTooLarge,
    UploadUnknown,
    UploadUnsealed,
)
from repository.uploads.keeping import LASTS, Uploads
from repository.uploads.parts import Part
from storage.keys.ring import write_private
from storage.keys.small_secrets import SmallSecrets
from storage.sealing.segments import INCOMING, Segment, new_segment_key
from tests.builders.rings import ARCHIVE, key_ring

START = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> SmallSecrets:
    return SmallSecrets(key_ring(tmp_path_factory.mktemp("ring")), archive=ARCHIVE)


@pytest.fixture
def uploads(tmp_path: Path, clock: Clock, secrets: SmallSecrets) -> Uploads:
    return Uploads(tmp_path, clock=clock, secrets=secrets)


def read(uploads: Uploads, id: str) -> bytes:  # noqa: A002
    kept = uploads.kept(uploads.data(id))
    assert kept is not None
    try:
        return kept.read_at(0, kept.size)
    finally:
        kept.close()


def on_disk(uploads: Uploads, id: str) -> bytes:  # noqa: A002
    return b"".join(path.read_bytes() for path in sorted((uploads.folder / id).rglob("*")) if path.is_file())


def send(uploads: Uploads, id: str, content: bytes, *, offset: int) -> int:  # noqa: A002
    with uploads.part(id, "ada", offset=offset) as part:
        part.add(content)
        return part.finish()


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


def test_nothing_of_it_lies_on_the_disk_in_the_clear(uploads: Uploads) -> None:
    secret = b"Jan Kowalski 44051401359 " * 4000
    made = uploads.begin("ada", len(secret))
    with uploads.part(made.id, "ada", offset=0) as part:
        part.add(secret[:50_000])
        assert b"Kowalski" not in on_disk(uploads, made.id)
        part.add(secret[50_000:])
        part.finish()
    assert len(on_disk(uploads, made.id)) > len(secret)
    assert b"Kowalski" not in on_disk(uploads, made.id)
    assert read(uploads, made.id) == secret


def test_two_uploads_of_the_same_bytes_have_nothing_in_common_and_do_not_open_for_each_other(uploads: Uploads) -> None:
    one, two = uploads.begin("ada", 4), uploads.begin("ada", 4)
    for each in (one, two):
        send(uploads, each.id, b"same", offset=0)
    segments = [next(uploads.data(each.id).iterdir()) for each in (one, two)]
    assert segments[0].read_bytes() != segments[1].read_bytes()
    segments[0].write_bytes(segments[1].read_bytes())
    with pytest.raises(UploadDamaged):
        read(uploads, one.id)
    key = uploads.folder / one.id / "key"
    key.write_bytes((uploads.folder / two.id / "key").read_bytes())
    with pytest.raises(UploadDamaged):
        read(uploads, one.id)


@pytest.mark.parametrize("harm", ["flipped", "cut short", "gone", "another owner", "no key"])
def test_what_was_changed_on_the_disk_is_damage_and_never_other_bytes(uploads: Uploads, harm: str) -> None:
    made = uploads.begin("ada", 40_000)
    send(uploads, made.id, bytes(30_000), offset=0)
    send(uploads, made.id, bytes(10_000), offset=30_000)
    first, last = sorted(uploads.data(made.id).iterdir())
    about, raw = uploads.folder / made.id / "upload.json", first.read_bytes()
    if harm == "flipped":
        first.write_bytes(raw[:20_000] + bytes([raw[20_000] ^ 1]) + raw[20_001:])
    elif harm == "cut short":
        last.write_bytes(last.read_bytes()[:-20])
    elif harm == "gone":
        first.unlink()
    elif harm == "another owner":
        about.write_bytes(about.read_bytes().replace(b"ada", b"eve"))
    else:
        (uploads.folder / made.id / "key").unlink()
    with pytest.raises(UploadDamaged):
        read(uploads, made.id)


def test_keys_follow_the_root_key_and_a_half_done_resealing_is_done_again(
    tmp_path: Path, clock: Clock, secrets: SmallSecrets
) -> None:
    ring = key_ring(tmp_path)
    uploads = Uploads(tmp_path, clock=clock, secrets=SmallSecrets(ring, archive=ARCHIVE))
    made = [uploads.begin("ada", 3).id for _ in range(2)]
    send(uploads, made[0], b"abc", offset=0)
    ring.add_epoch()
    other = uploads.begin("ada", 3).id
    assert uploads.reseal() == 2
    assert uploads.reseal() == 0
    ring.destroy_epoch(1)
    assert read(uploads, made[0]) == b"abc"
    for each in (made[1], other):
        send(uploads, each, b"xyz", offset=0)
        assert read(uploads, each) == b"xyz"


def test_an_upload_from_before_they_were_sealed_is_taken_over_or_sent_anew(uploads: Uploads) -> None:
    whole, half = uploads.begin("ada", 4), uploads.begin("ada", 8)
    for each in (whole, half):
        place = uploads.folder / each.id
        (place / "key").unlink()
        (place / "data").rmdir()
        write_private(place / "data", b"0123")
        write_private(place / "offset", (place / "offset").read_bytes().replace(b": 0,", b": 4,"))
    assert uploads.find(whole.id, "ada").complete
    uploads.order(whole.id, "ada", {})
    assert uploads.kept(uploads.data(whole.id)) is None
    assert uploads.data(whole.id).read_bytes() == b"0123"
    with pytest.raises(UploadUnsealed), uploads.part(half.id, "ada", offset=4):
        pass
    assert (uploads.folder / half.id / "data").read_bytes() == b"0123"
    uploads.cancel(half.id, "ada")
    assert uploads.ids() == [whole.id]


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
    with suppress(PartDiffers), uploads.part(made.id, "ada", offset=0) as part:
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
