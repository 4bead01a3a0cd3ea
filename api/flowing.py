"""Bytes on their way out: the next piece is made while the one before is being sent."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress

import anyio
import anyio.to_thread


async def ahead(pieces: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """`pieces`, made in a thread of the door, one ahead of what is asked for: opening, decrypting and hashing go on
    while the network takes what is there. What making raises is raised here. Two pieces are in memory at one time.

    However it ends, no thread is in `pieces` any more and they are closed.
    """
    making = _next(pieces)
    try:
        while (piece := await asyncio.shield(making)) is not None:
            making = _next(pieces)
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            with suppress(Exception):  # whoever went away is not waiting for it; the thread is, for its source
                await making
            if (close := getattr(pieces, "close", None)) is not None:
                await anyio.to_thread.run_sync(close)


def _next(pieces: Iterator[bytes]) -> asyncio.Future[bytes | None]:
    async def made() -> bytes | None:
        return await anyio.to_thread.run_sync(next, pieces, None)

    return asyncio.ensure_future(made())
