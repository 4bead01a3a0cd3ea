"""How many requests may hold much at one time: the others wait a little, and are then told to come back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Slots:
    """`most` at one time; whoever finds none free within `patience` seconds gets the error that `full` makes."""

    def __init__(self, most: int, *, patience: float, full: Callable[[], Exception]) -> None:
        self._free, self._patience, self._full = asyncio.Semaphore(most), patience, full

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Raises what `full` makes."""
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise self._full() from None
        try:
            yield
        finally:
            self._free.release()
