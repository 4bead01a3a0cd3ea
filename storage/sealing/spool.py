"""Bytes that wait on this machine's disk until they are stored for good: sealed under a key that only this process has.

The file has no name, so that it is gone with the process however that ends, and the key is never written down: what a
disk keeps of it afterwards opens for nobody. It is not durable, and nothing may be acknowledged because of it.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.cobblestone import Cobblestone256Encryptor

from storage.digests import PIECE
from storage.errors import StoreUnavailable
from storage.objects.folders import store_errors
from storage.objects.port import Bytes
from storage.objects.reading import buffered
from storage.sealing.member import open_whole

_CONTEXT = b"edm-archive spool 1"


class Spool:
    """Written once from its first byte to its last, then read as often as asked for, by several threads at a time.

    Raises the store's errors for a disk that fails or is full.
    """

    def __init__(self, folder: Path) -> None:
        self._key = Cobblestone256Encryptor.generate_key()
        self._encryptor = Cobblestone256Encryptor(self._key, _CONTEXT)
        with store_errors(writing=True):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  `close` is ours to call
        self.size = 0

    def write(self, part: Bytes) -> None:
        self.size += len(part)
        self._pour(self._encryptor.update(part))

    def finish(self) -> None:
        """All is written; from now on it can be read."""
        self._pour(self._encryptor.finalize())

    def parts(self) -> Iterator[bytes]:
        """The bytes from the first to the last, authenticated. Raises `SealBroken`."""
        yield from open_whole(self._key, _CONTEXT, self._sealed(), name="spool")

    def open(self) -> BinaryIO:
        """The same as a stream."""
        return buffered(_Stream(self.parts()))

    def close(self) -> None:
        """The bytes are gone. May be called again."""
        self._file.close()

    def _pour(self, sealed: bytes) -> None:
        left = memoryview(sealed)
        with store_errors(writing=True):
            while left:
                written = os.write(self._file.fileno(), left)
                if not written:
                    raise StoreUnavailable(reason="nothing was written")
                left = left[written:]

    def _sealed(self) -> Iterator[bytes]:
        place = 0
        with store_errors(writing=False):
            while part := os.pread(self._file.fileno(), PIECE, place):
                place += len(part)
                yield part


class _Stream(io.RawIOBase):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._held = parts, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed: any Buffer
        while not self._held:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._held = memoryview(part)
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count
