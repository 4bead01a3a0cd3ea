"""What an answer writes at once leaves at once: its head, and a body that is there already, in one piece.

The server writes the head by itself and the body after it. Each took the way through the system's network, and the
first woke a client who then waited for the rest: a twentieth of the processor time of a short answer.
"""

import asyncio
from typing import Any

SMALL = 64 << 10  # bytes that are held back, or copied to be written as one


class Joining(asyncio.Transport):
    """`transport`, with one write of `SMALL` bytes at most held back for the next, and at the longest until the loop
    has come to whatever else is due now. What was written leaves in its order."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport, self._loop = transport, loop
        self._held = b""

    def write(self, data: Any) -> None:
        if self._held:
            self._leave(data)
        elif len(data) > SMALL:
            self._transport.write(data)
        elif data:
            self._held = bytes(data)
            self._loop.call_soon(self._leave)

    def _leave(self, data: Any = b"") -> None:
        held, self._held = self._held, b""
        if not held or self._transport.is_closing():
            return  # it has left with what came after it, or nobody is there to read it
        if len(held) + len(data) > SMALL:
            self._transport.writelines((held, data))
        else:
            self._transport.write(held + data)

    def close(self) -> None:
        self._leave()
        self._transport.close()

    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return len(self._held) + self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
