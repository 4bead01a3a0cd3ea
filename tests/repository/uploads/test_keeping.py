"""Uploads of a home: what is acknowledged is durable, what was cut off is known, nobody else's is there."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.uploads import keeping
from repository.uploads.errors import (
    OffsetDiffers,
    PartDiffers,
    TooManyUploads,
    UploadBusy,
    UploadIncomplete,
    UploadTaken,
    UploadTooLarge,
    UploadUnknown,
)
from repository.uploads.keeping import LASTS, Uploads

START = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uploads(tmp_path: Path, clock: Clock) -> Uploads:
    return Uploads(tmp_path, clock=clock)


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
    assert uploads.data(made.id).read_bytes() == b"0123456789"
    assert uploads.data(made.id).stat().st_mode & 0o777 == 0o600
    assert uploads.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(UploadUnknown):
        uploads.find(made.id, "eve")


@settings(max_examples=30, deadline=None)
@given(content=st.binary(min_size=1, max_size=300), cuts=st.lists(st.integers(0, 299), max_size=5), died=st.booleans())
def test_however_it_is_cut_off_the_bytes_are_those_that_were_sent(
    tmp_path_factory: pytest.TempPathFactory, *, content: bytes, cuts: list[int], died: bool
) -> None:
    uploads = Uploads(tmp_path_factory.mktemp("uploads"), clock=Clock())
    made = uploads.begin("ada", len(content))
    for cut in [*cuts, len(content)]:
        offset = uploads.find(made.id, "ada").offset
        piece = content[offset : max(offset, cut)]
        if died:  # bytes that a dying process left behind, and nobody acknowledged
            with uploads.data(made.id).open("ab") as stream:
                stream.write(b"?????")
        with suppress(ConnectionError), uploads.part(made.id, "ada", offset=offset) as part:
            part.add(piece)
            raise ConnectionError
    assert uploads.find(made.id, "ada").complete
    assert uploads.data(made.id).read_bytes() == content


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
        assert uploads.data(made.id).read_bytes() == b""


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
