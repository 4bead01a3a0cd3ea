"""Bytes that came, made ready to be deposited: hashed once as they came, identified by content, described.

Up to `SMALL` bytes are held in memory. More wait on disk, sealed under a key that only this process has, until they
are sealed for good; an item whose end has come is the only one that is ever offered.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from repository.domain.describing import Description, DicomFacts
from repository.domain.takeover import Disposition, Item
from repository.formats.dicom.classes import is_of_a_study
from repository.takeover.arriving import SMALL, Arrival, arrive_waiting, arrive_whole
from storage.objects.port import Bytes
from storage.sealing.spool import Spool

FOLDER = "spool"
# It ends before its data set does; no header can be read; an image without pixels.
_LACKING = frozenset({"DCM-001", "DCM-002", "DCM-019", "DCM-020"})


@dataclass(slots=True)
class Offer:
    """Something that may be deposited; `path` is its label in the takeover. `came` is an `Item` where it is hostile."""

    path: str
    came: Arrival | Item
    spool: Spool | None = None

    @property
    def description(self) -> Description | None:
        return self.came.description if isinstance(self.came, Arrival) else None

    @property
    def instance(self) -> DicomFacts | None:
        """What it says of itself as a DICOM instance; None where it does not say which one of which class it is. It
        need not be of a study: colour palettes and hanging protocols are of none (PS3.4 GG), of a private class nobody
        knows, and an image that has lost its study is a broken one that must not be lost as well."""
        return self.description.dicom if self.description else None

    @property
    def held(self) -> int:
        """Bytes of memory."""
        return len(self.came.content or b"") if isinstance(self.came, Arrival) else 0

    def close(self) -> None:
        """What waited on disk is gone."""
        if self.spool is not None:
            self.spool.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an offer, durable when it is told. `KEPT`, with `conflicts_with` where another with the same
    identifier and other bytes was there; `DUPLICATE` of the ordinal that has the same bytes; `REFUSED` with a reason.
    """

    takeover: str
    ordinal: int
    disposition: Disposition
    size: int
    sha256: bytes
    duplicate_of: int = 0
    conflicts_with: int = 0
    reason: str = ""
    description: Description | None = None

    @property
    def lacking(self) -> bool:
        """Kept, and not whole as an instance of its class."""
        said = self.description
        if said is None:
            return False
        lost = said.dicom is not None and not said.dicom.placed and is_of_a_study(said.dicom.sop_class_uid)
        return lost or any(each.code in _LACKING for each in said.findings)


class Collecting:
    """One item as it comes in; `add` may be called from any thread, by one at a time."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._parts: list[Bytes] = []
        self._spool: Spool | None = None
        self._sha256 = hashlib.sha256()
        self.size = 0

    @property
    def large(self) -> bool:
        """Whether `add` writes to the disk."""
        return self._spool is not None or self.size > SMALL

    def add(self, parts: Iterable[Bytes]) -> None:
        """The next bytes. Raises what a disk that is full or fails raises."""
        for part in parts:
            self.size += len(part)
            self._parts.append(part)
            self._sha256.update(part)  # now, while whoever sends makes the next ready
        if self._spool is None and self.size > SMALL:
            self._spool = Spool(self._home / FOLDER)
        if self._spool is not None:
            for part in self._parts:
                self._spool.write(part)
            self._parts = []

    def offer(self, *, path: str = "") -> Offer:
        """All has come."""
        item = Item(ordinal=0, path=path, size=self.size)
        if self._spool is None:
            parts, self._parts = self._parts, []
            content = parts[0] if len(parts) == 1 and isinstance(parts[0], bytes) else b"".join(parts)
            return Offer(path, arrive_whole(item, content, sha256=self._sha256.digest()))
        self._spool.finish()
        came = arrive_waiting(item, self._sha256.digest(), reopen=self._spool.parts, stream=self._spool.open)
        return Offer(path, came, self._spool)

    def discard(self) -> None:
        """Nothing is kept of it: it did not come to its end."""
        self._parts = []
        if self._spool is not None:
            self._spool.close()


def offered(content: bytes, *, home: Path, path: str = "") -> Offer:
    """`content`, ready to be deposited."""
    collecting = Collecting(home)
    collecting.add((content,))
    return collecting.offer(path=path)


def label_of(instance: DicomFacts, number: int = 1) -> str:
    """A path like those of packages, of what says of nobody whose it is."""
    uid = instance.sop_instance_uid
    clean = uid if uid.replace(".", "").isdecimal() and uid.isascii() else f"part-{number}"
    return f"instances/{clean[:64]}.dcm"
