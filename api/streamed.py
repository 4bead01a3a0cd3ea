"""An answer that streams, and lets go of what it streams from however it ends.

When a client goes, the framework drops the iterator in the middle, in a cycle of references: the object of the store
that it reads would stay open until memory is collected. So it is closed, in a thread, before the request is over.
"""

from collections.abc import Iterator, Mapping

import anyio
import anyio.to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.flowing import ahead


class Begun(Iterator[bytes]):
    """`pieces`, of which the first is there already: what cannot be opened at all raises in the constructor."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._first: bytes | None = next(pieces, b"")

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        return next(self._pieces) if first is None else first

    def close(self) -> None:
        """What the pieces are read from is let go of."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


class Streamed(StreamingResponse):
    """The pieces as the body; each is made while those before are sent (`api.flowing.ahead`)."""

    def __init__(self, pieces: Begun, status: int = 200, *, headers: Mapping[str, str] | None = None) -> None:
        self._pieces, self._ahead = pieces, ahead(pieces)
        super().__init__(self._ahead, status, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._ahead.aclose()
                await anyio.to_thread.run_sync(self._pieces.close)
