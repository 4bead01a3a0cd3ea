"""Pieces are made ahead of those who send them: in order, within bounds, no moment longer than they are wanted."""

import asyncio
import threading
from collections.abc import Iterator

import anyio
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.flowing import ahead


class Source(Iterator[bytes]):
    """Pieces of these sizes; it knows how many bytes it made, and whether it was let go of, by whom and when."""

    def __init__(self, *sizes: int, fault: Exception | None = None) -> None:
        self._left, self._fault = list(sizes), fault
        self.made, self.closed, self.inside = 0, 0, False

    def __next__(self) -> bytes:
        self.inside = True
        try:
            if not self._left:
                if self._fault is not None:
                    raise self._fault
                raise StopIteration
            size = self._left.pop(0)
            self.made += size
            return bytes([size % 251]) * size
        finally:
            self.inside = False

    def close(self) -> None:
        assert not self.inside
        self.closed += 1


async def all_of(source: Iterator[bytes], most: int) -> list[bytes]:
    return [piece async for piece in ahead(source, most=most)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=30), st.integers(1, 100))
def test_every_piece_comes_once_and_in_order(sizes: list[int], most: int) -> None:
    source = Source(*sizes)
    assert asyncio.run(all_of(source, most)) == [bytes([size % 251]) * size for size in sizes]
    assert source.closed


@pytest.mark.parametrize("most", [1, 1000, 5000])
def test_no_more_is_made_than_the_bound_and_the_piece_that_goes_beyond(most: int) -> None:
    size, count = 100, 200

    async def taken_slowly() -> int:
        taken = 0
        async for piece in ahead(source, most=most):
            await anyio.sleep(0.001)  # time enough to make more than is allowed
            taken += len(piece)
            assert source.made - taken <= most + size
        return taken

    source = Source(*[size] * count)
    assert asyncio.run(taken_slowly()) == size * count


def test_no_thread_is_held_while_nobody_asks() -> None:
    async def asked() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        pieces = ahead(Source(*[100] * 50), most=200)
        await anext(pieces)
        with anyio.fail_after(30):
            assert await anyio.to_thread.run_sync(lambda: 7) == 7
        await pieces.aclose()

    asyncio.run(asked())


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_whoever_goes_leaves_nothing_open_and_nobody_inside(taken: int) -> None:
    async def left() -> None:
        pieces = ahead(source, most=250)
        for _ in range(taken):
            await anext(pieces)
        await pieces.aclose()
        assert bool(source.closed) == bool(taken)  # nothing was begun where nothing was asked for

    source = Source(*[100] * 50)
    asyncio.run(left())
    assert source.made < 5000


class Stuck(Source):
    """Its second piece is long in coming: until `gate` is opened."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.begun, self.gate = threading.Event(), threading.Event()

    def __next__(self) -> bytes:
        if self.made:
            self.begun.set()
            assert self.gate.wait(30)
        return super().__next__()


def test_whoever_is_told_to_stop_amid_waiting_stays_until_nobody_is_inside() -> None:
    async def cancelled() -> None:
        task = asyncio.ensure_future(all_of(source, 250))
        await anyio.to_thread.run_sync(source.begun.wait, 30)
        task.cancel()
        await anyio.sleep(0.05)
        assert not source.closed
        source.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.closed

    source = Stuck(*[100] * 50)
    asyncio.run(cancelled())


def test_what_making_raises_comes_after_the_pieces_before_it() -> None:
    async def failing() -> None:
        async for piece in ahead(Source(10, 20, 30, fault=ValueError("broken")), most=1000):
            taken[len(piece)] = True

    taken: dict[int, bool] = {}
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(failing())
    assert list(taken) == [10, 20, 30]
