"""Bytes that come in parts and wait on this machine's disk until they are whole: a run of sealed segments in a folder.

A sealed message ends when it is sealed, and nothing can be added to it; what comes later is a segment of its own. Each
is one Cobblestone-256 message (`member.py`) in one file, named by the place of its first byte in 20 digits, and sealed
for that place (`storage/FORMAT.md`, "Segments"). A file has its name only once it is whole and durable, and a name that
is there is never written again.

System calls raise `OSError`: what that means is known to whoever keeps the folder.
"""

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from uuid import UUID

from cryptography.cobblestone import Cobblestone256Encryptor

from storage.digests import PIECE
from storage.errors import SealBroken
from storage.flushing import flush_folder
from storage.objects.port import Bytes
from storage.sealing.member import CHUNK, HEAD, OpenMessage, open_whole, plain_length, span_of

INCOMING = "incoming"
_CONTEXT = b"edm-archive segment 1\0"
_DIGITS = 20
_KEPT_OPEN = 256  # heads held in memory; 64 MiB each, they are 16 GiB of a package
_KEPT_CHUNKS = 8  # chunks held in memory: headers of small files lie side by side


def new_segment_key() -> bytes:
    return bytes(Cobblestone256Encryptor.generate_key())


class Segment:
    """One that is being written. Nobody else may write to the folder meanwhile."""

    def __init__(self, folder: Path, start: int, *, key: bytes, whole: UUID) -> None:
        self._folder, self._name = folder, f"{start:0{_DIGITS}d}"
        self._encryptor = Cobblestone256Encryptor(key, _context(whole, start))
        self.size = 0
        (folder / INCOMING).unlink(missing_ok=True)
        self._handle = os.open(folder / INCOMING, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, part: Bytes) -> None:
        self.size += len(part)
        self._pour(self._encryptor.update(part))

    def finish(self) -> None:
        """It is durable under its name. FileExistsError where something has that name; either way it is closed."""
        try:
            self._pour(self._encryptor.finalize())
            os.fsync(self._handle)
            os.link(self._folder / INCOMING, self._folder / self._name)
        finally:
            self.discard()
        flush_folder(self._folder)

    def discard(self) -> None:
        """It is closed, and what was not finished is gone."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            (self._folder / INCOMING).unlink(missing_ok=True)

    def _pour(self, sealed: bytes) -> None:
        left = memoryview(sealed)
        while left:
            left = left[os.write(self._handle, left) :]


def cut(folder: Path, size: int) -> None:
    """Nothing is there from byte `size` on. Segments go from the last to the first: however this is cut off, what is
    left over begins at `size`, which is where it is looked for."""
    (folder / INCOMING).unlink(missing_ok=True)
    if not (folder / f"{size:0{_DIGITS}d}").exists():
        return
    for segment in sorted(folder.iterdir(), reverse=True):
        if int(segment.name) < size:
            break
        segment.unlink()
    flush_folder(folder)


class Segments:
    """A run of segments from byte 0 to byte `size`, read from any place by any number of threads.

    Promised: every byte that is given is what was written at its place. Raises `SealBroken` at once where the segments
    do not make `size` bytes without a gap, and while reading where one of them is not what was sealed.
    """

    def __init__(self, folder: Path, size: int, *, key: bytes, whole: UUID) -> None:
        self.size = size
        self._folder, self._key, self._whole = str(folder), key, whole
        self._starts, self._sealed = _listed(folder, size)
        self._open: OrderedDict[int, OpenMessage] = OrderedDict()
        self._chunks: OrderedDict[tuple[int, int], bytearray] = OrderedDict()
        self._lock = Lock()

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer only at the end."""
        return b"".join(self._parts(offset, min(offset + length, self.size)))

    def stream(self) -> Iterator[bytes]:
        """All of it from the first byte to the last, in large parts: faster than `read_at`."""
        for start in self._starts:
            context = _context(self._whole, start)
            yield from open_whole(self._key, context, self._raw(start), name=self._name(start))

    def _raw(self, start: int) -> Iterator[bytes]:
        with Path(self._folder, f"{start:0{_DIGITS}d}").open("rb", buffering=0) as file:
            while part := file.read(PIECE):
                yield part

    def _parts(self, offset: int, end: int) -> Iterator[Bytes]:
        at = bisect_right(self._starts, offset) - 1
        while offset < end:
            stop = self._starts[at + 1] if at + 1 < len(self._starts) else self.size
            inside = offset - self._starts[at]
            yield self._range(at, inside, min(end, stop) - offset)
            offset, at = min(end, stop), at + 1

    def _range(self, at: int, offset: int, length: int) -> Bytes:
        first, start, stop = span_of(self._sealed[at], offset=offset, length=length)
        within = offset - first * CHUNK
        if within + length <= CHUNK and length < CHUNK:
            return self._chunk(at, first)[within : within + length]
        return memoryview(self._opened(at, first, span=(start, stop)))[within : within + length]

    def _chunk(self, at: int, number: int) -> bytearray:
        with self._lock:
            held = self._chunks.get((at, number))
        if held is None:
            _, start, stop = span_of(self._sealed[at], offset=number * CHUNK, length=1)
            held = self._opened(at, number, span=(start, stop))
            with self._lock:
                self._chunks[at, number] = held
                if len(self._chunks) > _KEPT_CHUNKS:
                    self._chunks.popitem(last=False)
        return held

    def _opened(self, at: int, first: int, *, span: tuple[int, int]) -> bytearray:
        start = self._starts[at]
        handle = os.open(f"{self._folder}/{start:0{_DIGITS}d}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            message = self._message(at, handle)
            sealed = os.pread(handle, span[1] - span[0], span[0])
        finally:
            os.close(handle)
        if len(sealed) != span[1] - span[0]:
            raise SealBroken(key=self._name(start), reason="cut short")
        return message.run(first, memoryview(sealed))

    def _message(self, at: int, handle: int) -> OpenMessage:
        with self._lock:
            found = self._open.get(at)
        if found is None:
            start = self._starts[at]
            context, head = _context(self._whole, start), os.pread(handle, HEAD, 0)
            found = OpenMessage.of(self._key, context, head, name=self._name(start))
            with self._lock:
                self._open[at] = found
                if len(self._open) > _KEPT_OPEN:
                    self._open.popitem(last=False)
        return found

    def _name(self, start: int) -> str:
        return f"{self._whole}/{start}"


def _listed(folder: Path, size: int) -> tuple[list[int], list[int]]:
    """Where each segment begins, and how long it is when sealed."""
    with os.scandir(folder) as entries:
        found = sorted((each.name, each.stat().st_size) for each in entries if each.name != INCOMING)
    starts, lengths, reached = list[int](), list[int](), 0
    for name, sealed in found:
        if name != f"{reached:0{_DIGITS}d}" or reached >= size:
            break
        starts.append(reached)
        lengths.append(sealed)
        reached += plain_length(sealed)
    if reached != size:
        raise SealBroken(key=folder.parent.name, reason="segments are missing, or were cut short")
    return starts, lengths


def _context(whole: UUID, start: int) -> bytes:
    return _CONTEXT + whole.bytes + start.to_bytes(8)
