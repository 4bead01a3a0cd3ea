"""Uploads of one home folder: HOME/uploads/<id>/, for the archive's own account alone (0700).

    upload.json   whose it is, how large it will be, its SHA-256 where that was told
    key           what its bytes are sealed under, itself under the key ring, with the digest of upload.json
    data/         the bytes, as sealed segments named by where they begin
    offset        how many of them are acknowledged: what lies beyond was cut off and is cut away
    order.json    what was asked for once it was complete; from then on it is not changed any more

Nothing of the package lies there in the clear (decision 0014). What an earlier version began has no key, and its bytes
are one file `data`, as they were sent: complete, it can be taken over; nothing is added to it any more. All of it is
gone as soon as it was taken over, and when nobody goes on for `LASTS`.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from repository.clock import Clock, instant
from repository.runtime import Archive
from repository.uploads.errors import (
    NoRoom,
    OffsetDiffers,
    TooManyUploads,
    UploadBusy,
    UploadDamaged,
    UploadIncomplete,
    UploadTaken,
    UploadTooLarge,
    UploadUnknown,
    UploadUnsealed,
)
from repository.uploads.locks import make_key, open_key, reseal_key
from repository.uploads.parts import Part
from repository.uploads.reading import SealedFile
from storage.errors import KeyUnavailable, reason_of
from storage.flushing import flush_folder
from storage.ids import new_id
from storage.keys.ring import read_private, write_private
from storage.keys.small_secrets import SmallSecrets

FOLDER = "uploads"
LASTS = timedelta(days=7)  # since the last part
MOST_BYTES = 4 << 40
MOST_UPLOADS = 64
SPARE = 1 << 30  # bytes of the disk that an upload leaves free
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DATA, ABOUT, OFFSET, ORDER = "data", "upload.json", "offset", "order.json"


@dataclass(frozen=True, slots=True)
class Upload:
    """`owner`: who began it. `offset`: how many bytes are durable here. `sha256`: lower-case hex, or empty. `small`:
    how many small parts it had (`parts.SMALL`)."""

    id: str
    owner: str
    size: int
    sha256: str
    offset: int
    expires_at: datetime
    ordered: bool
    sealed: bool
    small: int = 0

    @property
    def complete(self) -> bool:
        return self.offset == self.size


class Uploads:
    def __init__(self, home: Path, *, clock: Clock, secrets: SmallSecrets) -> None:
        self.folder, self._clock, self._secrets = home / FOLDER, clock, secrets

    def begin(self, owner: str, size: int, *, sha256: str = "") -> Upload:
        """A new upload of `size` bytes, of which none has come. Raises `UploadTooLarge`, `TooManyUploads`, `NoRoom`."""
        self.reap()
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
            if size > MOST_BYTES or size + SPARE > free:
                raise UploadTooLarge(most=max(0, min(MOST_BYTES, free - SPARE)))
            if len(self.ids()) >= MOST_UPLOADS:
                raise TooManyUploads(most=MOST_UPLOADS)
            made = str(new_id())
            place = self.folder / made
            place.mkdir(mode=0o700)
            (place / DATA).mkdir(mode=0o700)
            self._note_offset(place, 0)
            about = json.dumps({"owner": owner, "size": size, "sha256": sha256}).encode()
            make_key(place, about, secrets=self._secrets)
            write_private(place / ABOUT, about)  # last: from here on it is there
            flush_folder(self.folder)
        except OSError as error:
            raise NoRoom from error
        return self.find(made, owner)

    def find(self, id: str, owner: str) -> Upload:  # noqa: A002
        """Raises `UploadUnknown` for what is not there, over, or not of `owner`."""
        found = self._read(id)
        if found.owner != owner or (not found.ordered and found.expires_at <= self._clock()):
            raise UploadUnknown
        return found

    @contextmanager
    def part(self, id: str, owner: str, *, offset: int) -> Iterator[Part]:  # noqa: A002
        """A part that begins at `offset`, alone while this is entered. At the end what was not finished stays as far as
        it is whole (`Part`). Raises `UploadUnknown`, `UploadTaken`, `UploadBusy`, `OffsetDiffers`, `UploadUnsealed`."""
        self.find(id, owner)
        with self._held(id):
            found = self.find(id, owner)  # as it is now that nobody else changes it
            if found.ordered:
                raise UploadTaken
            if found.offset != offset:
                raise OffsetDiffers(offset=found.offset)
            if not found.sealed:
                raise UploadUnsealed
            place = self.folder / id
            with Part(
                place / DATA,
                key=self._key(id),
                whole=UUID(id),
                offset=offset,
                size=found.size,
                small=found.small,
                note=lambda reached, small: self._note_offset(place, reached, small=small),
            ) as part:
                yield part

    def cancel(self, id: str, owner: str) -> None:  # noqa: A002
        """It is not there any more. Raises `UploadUnknown`, `UploadTaken`, `UploadBusy`."""
        self.find(id, owner)
        with self._held(id):
            if self.find(id, owner).ordered:
                raise UploadTaken
            self.drop(id)

    def order(self, id: str, owner: str, asked: dict[str, Any]) -> Upload:  # noqa: A002
        """What was asked for with a complete upload is durable. Asked again, the first stays. Raises `UploadUnknown`,
        `UploadIncomplete`, `UploadBusy`."""
        self.find(id, owner)
        with self._held(id):
            found = self.find(id, owner)
            if not found.complete:
                raise UploadIncomplete(offset=found.offset, size=found.size)
            if not found.ordered:
                write_private(self.folder / id / ORDER, json.dumps(asked).encode())
        return self.find(id, owner)

    def abandoned(self, id: str) -> bool:  # noqa: A002
        """Whether it was ordered longer ago than an upload lasts."""
        found = self._read(id)
        return found.ordered and found.expires_at <= self._clock()

    def ordered(self, id: str) -> tuple[Upload, dict[str, Any]]:  # noqa: A002
        """An upload that was ordered, with what was asked for. Raises `UploadUnknown`, `UploadDamaged`."""
        found = self._read(id)
        if not found.ordered:
            raise UploadUnknown
        return found, self._json(self.folder / id / ORDER)

    def data(self, id: str) -> Path:  # noqa: A002
        """The path that an order for this upload names, and `kept` knows."""
        return self.folder / id / DATA

    def kept(self, package: Path) -> SealedFile | None:
        """The sealed upload whose path this is, to be read; None for any other path, and for an upload that lies there
        in the clear. Raises `UploadUnknown`, `UploadIncomplete`, `UploadDamaged`."""
        id = self.holds(package)  # noqa: A001
        found = self._read(id) if id else None
        if found is None or not found.sealed:
            return None
        if not found.complete:
            raise UploadIncomplete(offset=found.offset, size=found.size)
        return SealedFile(package, size=found.size, key=self._key(id), whole=UUID(id))

    def reseal(self) -> int:
        """The key of every upload lies under the active root key; how many had to be moved. Part of rotating the keys.
        May stop anywhere and be run again. OSError where the disk says no."""
        places = [self.folder / each for each in self.ids()]
        return sum(reseal_key(place, secrets=self._secrets) for place in places)

    def ids(self) -> list[str]:
        try:
            return sorted(path.name for path in self.folder.iterdir() if _ID.fullmatch(path.name))
        except FileNotFoundError:
            return []

    def drop(self, id: str) -> None:  # noqa: A002
        """Nothing of it is here."""
        shutil.rmtree(self.folder / id, ignore_errors=True)

    def holds(self, package: Path) -> str:
        """The id of the upload whose bytes `package` is; empty where it is no upload of this home."""
        inside = package.parent.parent == self.folder.resolve() and package.name == DATA
        return package.parent.name if inside and _ID.fullmatch(package.parent.name) else ""

    def reap(self) -> None:
        """What nobody goes on with is gone, and what a crash left half begun. What was ordered stays."""
        for each in self.ids():
            try:
                if self._read(each).ordered or self._read(each).expires_at > self._clock():
                    continue
            except (UploadUnknown, UploadDamaged):
                if self._is_young(self.folder / each):
                    continue
            self.drop(each)

    def _is_young(self, place: Path) -> bool:
        try:
            return place.stat().st_mtime > (self._clock() - timedelta(hours=1)).timestamp()
        except OSError:
            return False

    def _read(self, id: str) -> Upload:  # noqa: A002
        place = self.folder / id
        if not _ID.fullmatch(id) or not (place / ABOUT).exists():
            raise UploadUnknown
        about, reached = self._json(place / ABOUT), self._json(place / OFFSET)
        try:
            at = datetime.fromisoformat(reached["at"])
            size, offset = int(about["size"]), int(reached["offset"])
            ordered = (place / ORDER).exists()
            sealed = (place / DATA).is_dir()
            small = int(reached.get("small", 0))
            return Upload(
                id, str(about["owner"]), size, str(about["sha256"]), offset, at + LASTS, ordered, sealed, small
            )
        except (KeyError, TypeError, ValueError):
            raise UploadDamaged from None

    @staticmethod
    def _json(path: Path) -> dict[str, Any]:
        try:
            found = json.loads(read_private(path))
        except (KeyUnavailable, ValueError):
            raise UploadDamaged from None
        if not isinstance(found, dict):
            raise UploadDamaged
        return found

    def _key(self, id: str) -> bytes:  # noqa: A002
        place = self.folder / id
        try:
            about = read_private(place / ABOUT)
        except KeyUnavailable:
            raise UploadDamaged from None
        return open_key(place, about, secrets=self._secrets)

    def _note_offset(self, place: Path, offset: int, *, small: int = 0) -> None:
        noted = {"offset": offset, "at": instant(self._clock()), "small": small}
        write_private(place / OFFSET, json.dumps(noted).encode())

    @contextmanager
    def _held(self, id: str) -> Iterator[None]:  # noqa: A002
        """No other process and no other request changes it meanwhile. Raises `UploadBusy`."""
        try:
            handle = os.open(self.folder / id / ABOUT, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise UploadDamaged(reason=reason_of(error)) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy from None
            yield
        finally:
            os.close(handle)


def uploads_of(archive: Archive) -> Uploads:
    secrets = SmallSecrets(archive.ring, archive=archive.id)
    return Uploads(archive.settings.home, clock=archive.clock, secrets=secrets)
