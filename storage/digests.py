"""SHA-256 of bytes as they pass, so that no byte is read a second time to be hashed."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
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


class Aside:
    """Hashing in threads beside the one that goes on with the next bytes: it never waits for anything but a processor.

    Hashing gives up the interpreter for the whole of a piece, opening for 16 KiB at a time. So one thread that opens
    and one that hashes come to 1.5 GB/s on two processors, two that do both to 1.3, and one to 1.0 (512 KiB objects,
    AMD EPYC). Less than `WORTH` bytes are hashed at once: changing threads takes longer.

    A queue and a lock, both of them C: to hand an image over and hear that it is done takes 17 µs, where a pool of
    threads with futures took 27, and the interpreter, for which the two threads contend, is taken for less of it.
    C-GET of a hundred images of 512 KiB took 117 ms instead of 126 (medians of 25 in turns).
    """

    WORTH = 64 << 10

    def __init__(self, threads: int = 0) -> None:
        self._count = threads or max(1, (os.cpu_count() or 1) // 2)
        self._lock = Lock()
        self._queue: SimpleQueue[_Hashing | None] | None = None
        self._threads: list[Thread] = []

    def update(self, digest: "hashlib._Hash", *pieces: Bytes) -> Callable[[], object]:
        """`digest` goes on with `pieces`; it may be used again once what is returned was called."""
        if sum(map(len, pieces)) < self.WORTH:
            _update(digest, pieces)
            return _nothing
        hashing = _Hashing(digest, pieces)
        with self._lock:  # nothing is queued behind the end
            queue = self._queue or self._begun()
            if queue is not None:
                queue.put(hashing)
                return hashing.result
        _update(digest, pieces)
        return _nothing

    def close(self) -> None:
        """The threads have ended; they come again for whoever hashes on."""
        with self._lock:
            queue, self._queue = self._queue, None
            threads, self._threads = self._threads, []
            if queue is not None:
                for _ in threads:
                    queue.put(None)
        for each in threads:
            each.join()

    def _begun(self) -> "SimpleQueue[_Hashing | None] | None":
        """With the first bytes: a process may be forked before. None where the system has no more threads, of which it
        is asked again for the next bytes; with fewer than are wanted it goes on."""
        queue = SimpleQueue[_Hashing | None]()
        with suppress(RuntimeError):
            for number in range(self._count):
                thread = Thread(target=_hash, args=(queue,), name=f"hashing_{number}", daemon=True)
                thread.start()
                self._threads.append(thread)
        self._queue = queue if self._threads else None
        return self._queue


class _Hashing:
    """Pieces that a digest goes on with."""

    __slots__ = ("_digest", "_done", "_error", "_pieces")

    def __init__(self, digest: "hashlib._Hash", pieces: tuple[Bytes, ...]) -> None:
        self._digest, self._pieces = digest, pieces
        self._error: BaseException | None = None
        self._done = Lock()
        self._done.acquire()

    def run(self) -> None:
        """Whoever waits for it goes on."""
        try:
            _update(self._digest, self._pieces)
        except BaseException as error:  # noqa: BLE001  whoever waits is to know, whatever it is
            self._error = error
        finally:
            self._done.release()

    def result(self) -> None:
        """It is done. Raises what it ended with."""
        with self._done:
            if self._error is not None:
                raise self._error


def _hash(queue: "SimpleQueue[_Hashing | None]") -> None:
    while (hashing := queue.get()) is not None:
        hashing.run()
        del hashing  # nothing of it is held while another is waited for


def _update(digest: "hashlib._Hash", pieces: Iterable[Bytes]) -> None:
    for piece in pieces:
        digest.update(piece)


def _nothing() -> None:
    """There is nothing to wait for."""
