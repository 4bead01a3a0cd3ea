"""SHA-256 of bytes as they pass, so that no byte is read a second time to be hashed."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from storage.objects.port import Bytes

PIECE = 1 << 20  # bytes a read


class Digesting:
    """Iterates over `source` unchanged; after the last part `size` and `digest()` tell of all that passed."""

    def __init__(self, source: Iterable[Bytes], *, algorithms: Iterable[str] = ()) -> None:
        self._source = source
        self._sha256 = hashlib.sha256()
        self._others = {name: hashlib.new(name) for name in algorithms if name != "sha256"}
        self.size = 0

    def __iter__(self) -> Iterator[Bytes]:
        for part in self._source:
            self.size += len(part)
            self._sha256.update(part)
            for other in self._others.values():
                other.update(part)
            yield part

    def digest(self) -> bytes:
        return self._sha256.digest()

    def hexdigests(self) -> dict[str, str]:
        """Lower-case hex of SHA-256 and of every other algorithm asked for."""
        return {"sha256": self._sha256.hexdigest()} | {n: h.hexdigest() for n, h in self._others.items()}


def pieces(stream: BinaryIO, *, length: int | None = None) -> Iterator[bytes]:
    """The next `length` bytes of `stream` (all that is left if None) in parts of at most `PIECE`.

    Ends early where the stream does: whoever knows the length checks it.
    """
    left = length
    while left is None or left > 0:
        part = stream.read(PIECE if left is None else min(left, PIECE))
        if not part:
            return
        if left is not None:
            left -= len(part)
        yield part
