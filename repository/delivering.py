"""Files that leave the archive: under safe names, whole or not there, never over another file.

Names come from ordinals and from the letters of an item's last segment, so that nothing a producer wrote reaches the
file system as a path. A file is written under a temporary name, synced, and renamed. It is readable by its owner only.
"""

import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storage.digests import pieces
from storage.errors import ArchiveError, Text, reason_of
from storage.flushing import flush_folder

LONGEST_NAME = 160  # bytes of UTF-8: room for `.tlog-proof` and for a temporary name on every file system in use


class DeliveryRefused(ArchiveError):
    """`reason` is a symbol of the operating system. The path is not repeated: it may name a person."""

    code = "DLV-001"
    exit_code = 2
    what = Text(
        en="A file could not be written to the place that was named ({reason}).",
        pl="Nie można zapisać pliku we wskazanym miejscu ({reason}).",
    )
    todo = Text(
        en="Check free space and permissions there, and run the same command again: what is there already stays.",
        pl="Sprawdź tam wolne miejsce i prawa, po czym powtórz polecenie: gotowe pliki pozostają.",
    )


class PlaceTaken(ArchiveError):
    code = "DLV-002"
    exit_code = 2
    what = Text(
        en="Something else of the same name is in the place that was named: a file with other content, a folder or a "
        "link.",
        pl="We wskazanym miejscu jest już coś innego o tej samej nazwie: plik o innej treści, folder lub dowiązanie.",
    )
    todo = Text(
        en="Nothing was overwritten. Name an empty folder, or a file that is not there yet.",
        pl="Niczego nie nadpisano. Wskaż pusty folder albo plik, którego jeszcze nie ma.",
    )


def file_name(ordinal: int, path: str) -> str:
    """The name under which an item is given out: its ordinal and the harmless characters of its last segment."""
    last = unicodedata.normalize("NFC", path.rpartition("/")[2])
    safe = "".join(one if one.isalnum() or one in "._-" else "_" for one in last).lstrip(".")
    stem, dot, suffix = safe.rpartition(".")
    if not dot or not suffix or len(suffix.encode()) > 16:
        stem, suffix = safe, ""
    room = LONGEST_NAME - len(f"{ordinal:06d}-.{suffix}".encode())
    stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(".")
    return f"{ordinal:06d}-{stem or 'item'}" + (f".{suffix}" if suffix else "")


@dataclass(frozen=True, slots=True)
class Target:
    """The folder to deliver into, or one `file` in it for a single holding."""

    folder: Path
    file: str = ""

    def place(self, name: str, *, apart: str = "") -> Path:
        """Where a holding goes; its folder is there. `apart`: in a folder of that name below."""
        folder = self.folder / apart if apart else self.folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(error) from error
        return folder / (self.file or name)

    def holds(self, path: Path, *, size: int, sha256: bytes) -> bool:
        """Whether the very bytes are there from an earlier run. Raises `PlaceTaken` for others."""
        if not os.path.lexists(path):
            return False
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
                raise PlaceTaken
            with path.open("rb") as stream:
                if _digest(stream) != sha256:
                    raise PlaceTaken
        except OSError as error:
            raise _refused(error) from error
        return True

    def is_file_with(self, path: Path, content: bytes) -> bool:
        try:
            return path.is_file() and not path.is_symlink() and path.read_bytes() == content
        except OSError as error:
            raise _refused(error) from error

    def settle(self, *apart: str) -> None:
        """The names of all files that were written, here and `apart`, are durable."""
        try:
            for name in ("", *apart):
                flush_folder(self.folder / name)
        except OSError as error:
            raise _refused(error) from error

    def write(self, path: Path, parts: Iterator[bytes], *, replace: bool = False) -> None:
        """`path` holds the concatenation of `parts`, durable; if they raise, it is as it was before. Raises
        `PlaceTaken` for a path that is there with anything else, unless it is to `replace` that."""
        draft = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise _refused(error) from error
        try:
            with os.fdopen(handle, "wb") as out:
                for part in parts:
                    _out(out, part)
                _synced(out)
            if not replace and self._is_there(path, draft):
                return
            draft.replace(path)
        except OSError as error:
            raise _refused(error) from error
        finally:
            draft.unlink(missing_ok=True)

    def _is_there(self, path: Path, draft: Path) -> bool:
        """Whether `path` has the very bytes of `draft`. Raises `PlaceTaken` for others."""
        if not os.path.lexists(path):
            return False
        with draft.open("rb") as stream:
            return self.holds(path, size=draft.stat().st_size, sha256=_digest(stream))


def _out(out: BinaryIO, part: bytes) -> None:
    try:
        out.write(part)
    except OSError as error:
        raise _refused(error) from error


def _synced(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


def write_paper(path: Path, content: bytes) -> None:
    """`path` is a new file with this content, durable. Raises `PlaceTaken` for one that is there with another."""
    target = Target(path.parent, file=path.name)
    place = target.place("")
    if not target.holds(place, size=len(content), sha256=hashlib.sha256(content).digest()):
        target.write(place, iter((content,)))
    target.settle()


def _digest(stream: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces(stream):
        digest.update(piece)
    return digest.digest()


def _refused(error: OSError) -> DeliveryRefused:
    return DeliveryRefused(reason=reason_of(error))
