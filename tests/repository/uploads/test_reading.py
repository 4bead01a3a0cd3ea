"""A sealed upload is read as a package by ranges; harm on the disk stops the reading and is nobody's item."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repository.packages.errors import ManifestUnusable, PackageChanged, PackageUnreadable
from repository.packages.package import open_package
from repository.takeover.arriving import Arrival, arrive_all
from repository.uploads.errors import UploadDamaged, UploadIncomplete
from repository.uploads.keeping import Uploads
from storage.keys.small_secrets import SmallSecrets
from tests.builders.archives import tar_bytes, tar_gz_bytes, zip_bytes
from tests.builders.descriptors import descriptors
from tests.builders.rings import ARCHIVE, key_ring

FILES = {"a.txt": b"first", "large.bin": os.urandom(200_000), "empty": b"", "z/ąę.bin": bytes(70_000)}
Packing = Callable[[Mapping[str, bytes]], bytes]


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    secrets = SmallSecrets(key_ring(tmp_path), archive=ARCHIVE)
    return Uploads(tmp_path / "home", clock=lambda: datetime(2026, 11, 1, tzinfo=UTC), secrets=secrets)


def sent(uploads: Uploads, content: bytes, *, every: int = 50_001) -> Path:
    """The path of a complete upload of `content`, in segments that end where no member does."""
    uploads.folder.parent.mkdir(exist_ok=True)
    made = uploads.begin("ada", len(content)).id
    for offset in range(0, len(content), every):
        with uploads.part(made, "ada", offset=offset) as part:
            part.add(content[offset : offset + every])
            part.finish()
    return uploads.data(made)


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_a_package_of_any_form_is_what_it_would_be_on_the_disk(uploads: Uploads, tmp_path: Path, pack: Packing) -> None:
    content = pack(FILES)
    plain = tmp_path / "plain"
    plain.write_bytes(content)
    with open_package(sent(uploads, content), kept=uploads.kept) as package, open_package(plain) as expected:
        assert package.fingerprint == expected.fingerprint
        assert list(package.items()) == list(expected.items())
        for name in reversed(FILES):
            with package.open(name) as stream:
                assert stream.read() == FILES[name]
        package.check_unchanged()


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_where_no_file_can_be_opened_no_item_is_called_unreadable(uploads: Uploads, pack: Packing) -> None:
    """Read in a process that serves many at the same time, and has no more descriptors for a moment."""
    with open_package(sent(uploads, pack(FILES)), kept=uploads.kept) as package:
        items = list(package.items())
        with descriptors(0), pytest.raises(PackageUnreadable) as told:
            arrive_all(package, items)
        assert (told.value.fields["reason"], told.value.retryable) == ("EMFILE", True)
        came = [each.content for each in arrive_all(package, items) if isinstance(each, Arrival)]
    assert came == [FILES[each.path] for each in items]


def test_a_manifest_beside_it_may_be_an_upload_too(uploads: Uploads) -> None:
    package = sent(uploads, tar_bytes(FILES))
    manifest = sent(uploads, b"path,size\na.txt,5\nmissing.txt,1\n")
    with open_package(package, manifest=manifest, kept=uploads.kept) as opened:
        declared = {item.path for item in opened.items() if item.declared}
    assert declared == {"a.txt", "missing.txt"}
    with pytest.raises(ManifestUnusable):
        open_package(package, manifest=manifest.parent, kept=uploads.kept)


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_harm_after_the_listing_stops_the_reading_and_is_not_the_producers(uploads: Uploads, pack: Packing) -> None:
    path = sent(uploads, pack(FILES))
    with open_package(path, kept=uploads.kept) as package:
        segment = sorted(path.iterdir())[1]
        raw = segment.read_bytes()
        with segment.open("r+b") as stream:
            stream.seek(30_000)
            stream.write(bytes([raw[30_000] ^ 1]))
        with package.open("large.bin") as stream, pytest.raises(UploadDamaged):
            stream.read()


def test_what_goes_away_while_it_is_read_is_noticed(uploads: Uploads) -> None:
    path = sent(uploads, tar_bytes(FILES))
    with open_package(path, kept=uploads.kept) as package:
        uploads.drop(path.parent.name)
        with pytest.raises(PackageChanged):
            package.check_unchanged()
        with pytest.raises(PackageChanged):
            package.open("large.bin")


def test_half_of_an_upload_is_no_package_and_a_closed_one_gives_nothing(uploads: Uploads) -> None:
    path = sent(uploads, b"0123")
    closed = uploads.kept(path)
    assert closed is not None
    closed.close()
    with pytest.raises(PackageUnreadable):
        closed.read_at(0, 1)
    half = uploads.begin("ada", 2).id
    with pytest.raises(UploadIncomplete):
        uploads.kept(uploads.data(half))
    assert uploads.kept(path.parent) is None
