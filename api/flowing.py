"""Bytes on their way out: the next pieces are made while those before are being sent."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress

import anyio
import anyio.to_thread

MOST_AHEAD = 2 << 20  # bytes made that nobody has asked for, beside the piece that goes beyond


async def ahead(pieces: Iterator[bytes], *, most: int = MOST_AHEAD) -> AsyncGenerator[bytes]:
    """`pieces`, made in a thread of the door ahead of what is asked for: reading, opening and hashing go on while the
    network takes what is there. In memory are `most` bytes and two pieces. What making raises is raised here, after
    the pieces before it.

    No thread is held while nobody asks. However it ends, no thread is in `pieces` any more and they are closed.
    """
    flow = _Flow(pieces, most)
    try:
        while (piece := await flow.next()) is not None:
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            await flow.close()


class _Flow:
    """One thread at a time makes pieces, many in one go: a change of threads takes as long as opening 200 KiB."""

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self._pieces, self._most = pieces, most
        self._loop, self._lock = asyncio.get_running_loop(), threading.Lock()
        self._made: deque[bytes] = deque()
        self._size = 0  # bytes of `_made`
        self._making = self._ended = self._stopped = False
        self._fault: BaseException | None = None
        self._come: asyncio.Future[None] | None = None  # whoever asks waits for it
        self._thread: asyncio.Future[None] | None = None

    async def next(self) -> bytes | None:
        """The next piece; None after the last. Raises what making it raised."""
        while True:
            with self._lock:
                piece = self._made.popleft() if self._made else None
                self._size -= len(piece or b"")
                begin = not (self._making or self._ended) and self._size <= self._most // 2
                self._making = self._making or begin
                ended = self._ended
                come = self._come = self._loop.create_future() if piece is None and not ended else None
            if begin:
                self._thread = asyncio.ensure_future(anyio.to_thread.run_sync(self._make))
            if piece is not None:
                return piece
            if come is not None:
                await come
            elif self._fault is not None:
                raise self._fault
            else:
                return None

    async def close(self) -> None:
        """Nobody asks any more."""
        self._stopped = True
        if self._thread is not None:
            await self._thread
        if not self._ended:
            await anyio.to_thread.run_sync(self._let_go)

    def _make(self) -> None:
        """In a thread: until there is enough, or no more."""
        going = True
        while going and not self._stopped:
            try:
                piece = next(self._pieces, None)
                if piece is None:
                    self._let_go()
            except BaseException as error:  # noqa: BLE001  raised where it is waited for
                going = self._put(None, error)
            else:
                going = self._put(piece, None)

    def _put(self, piece: bytes | None, fault: BaseException | None) -> bool:
        """Whether this thread is to make another. If not, the next one may begin at once."""
        with self._lock:
            if piece is None:
                self._ended, self._fault = True, fault
            else:
                self._made.append(piece)
                self._size += len(piece)
            going = piece is not None and self._size < self._most
            self._making = going
            come, self._come = self._come, None
        if come is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(_tell, come)
        return going

    def _let_go(self) -> None:
        if (close := getattr(self._pieces, "close", None)) is not None:
            close()


def _tell(come: asyncio.Future[None]) -> None:
    if not come.done():  # whoever waited may have gone
        come.set_result(None)
