"""What an upload leaves on the disk is sealed: nothing is in the clear, and a change is damage, never other bytes."""

from pathlib import Path

import pytest

from repository.uploads.errors import (
    UploadDamaged,
    UploadUnsealed,
)
from repository.uploads.keeping import Uploads
from storage.keys.ring import write_private
from storage.keys.small_secrets import SmallSecrets
from tests.builders.rings import ARCHIVE, key_ring
from tests.repository.uploads.kept_uploads import Clock, read, send


def on_disk(uploads: Uploads, id: str) -> bytes:  # noqa: A002
    return b"".join(path.read_bytes() for path in sorted((uploads.folder / id).rglob("*")) if path.is_file())


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
