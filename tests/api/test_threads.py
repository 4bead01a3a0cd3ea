"""Threads that make answers: as many as there are places, called again, in the context of whoever asks."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial

import anyio.to_thread
import pytest
from anyio import CapacityLimiter

from api.threads import Threads

PATIENCE = 60  # seconds for what comes at once
ASKED = ContextVar("asked", default="nobody")


def used(test: Callable[[Threads], Awaitable[None]], *, places: int = 2) -> None:
    async def main() -> None:
        with Threads(CapacityLimiter(places)) as threads:
            async with asyncio.timeout(PATIENCE):
                await test(threads)

    asyncio.run(main())


def test_work_is_done_in_one_thread_again_and_again() -> None:
    async def test(threads: Threads) -> None:
        idents = {await threads.run(threading.get_ident) for _ in range(20)}
        assert len(idents) == 1
        assert threading.get_ident() not in idents

    used(test)


def test_what_work_raises_is_raised_where_it_was_asked_for() -> None:
    async def test(threads: Threads) -> None:
        with pytest.raises(KeyError, match="this"):
            await threads.run(partial({"that": 1}.__getitem__, "this"))
        with pytest.raises(SystemExit):
            await threads.run(partial(exec, "raise SystemExit"))
        assert await threads.run(lambda: 1) == 1

    used(test)


def test_an_error_and_what_it_came_through_are_let_go_of_without_a_search_for_cycles() -> None:
    class Held: ...

    async def test(threads: Threads) -> None:
        kept: list[weakref.ref[Held]] = []

        def fails(held: Held) -> None:
            kept.append(weakref.ref(held))
            raise KeyError

        async def asked() -> None:
            with pytest.raises(KeyError):
                await threads.run(partial(fails, Held()))

        await asked()
        await threads.run(int)  # the thread has come back from the first
        assert kept[0]() is None

    gc.collect()
    gc.disable()
    try:
        used(test)
    finally:
        gc.enable()


def test_work_sees_the_context_of_whoever_asks_and_changes_nothing_in_it() -> None:
    def changes() -> str:
        before = ASKED.get()
        ASKED.set("work")
        return before

    async def test(threads: Threads) -> None:
        async def asks(name: str) -> str:
            ASKED.set(name)
            found = await threads.run(changes)
            assert ASKED.get() == name
            return found

        names = [f"client {number}" for number in range(20)]
        assert await asyncio.gather(*map(asks, names)) == names
        assert await threads.run(ASKED.get) == "nobody"

    used(test)


def test_no_more_work_at_one_time_than_there_are_places_and_the_others_come_in_their_turn() -> None:
    running, most, order, lock = 0, 0, list[int](), threading.Lock()
    seen = set[threading.Thread]()

    def work(number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            order.append(number)
            seen.add(threading.current_thread())
        turn.wait(PATIENCE)
        with lock:
            running -= 1

    turn = threading.Event()

    async def test(threads: Threads) -> None:
        asked = [asyncio.ensure_future(threads.run(partial(work, number))) for number in range(9)]
        while len(order) < 3:
            await asyncio.sleep(0.001)
        turn.set()
        await asyncio.gather(*asked)
        assert (most, running) == (3, 0)
        assert sorted(order[:3]) == [0, 1, 2]
        assert len(seen) == 3

    used(test, places=3)


def test_the_places_are_those_of_the_framework_s_own_threads() -> None:
    async def main() -> None:
        places, entered, turn = CapacityLimiter(1), threading.Event(), threading.Event()

        def holds() -> None:
            entered.set()
            turn.wait(PATIENCE)

        with Threads(places) as threads:
            theirs = asyncio.ensure_future(anyio.to_thread.run_sync(holds, limiter=places))
            while not entered.is_set():
                await asyncio.sleep(0.001)
            ours = asyncio.ensure_future(threads.run(turn.is_set))
            await asyncio.sleep(0.01)
            assert not ours.done()
            turn.set()
            await theirs
            assert await ours
            assert places.borrowed_tokens == 0

    asyncio.run(main())


def test_work_whose_asker_was_cancelled_goes_on_in_its_place_until_it_ends() -> None:
    entered, turn, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        turn.wait(PATIENCE)
        ended.set()

    async def test(threads: Threads) -> None:
        asked = asyncio.ensure_future(threads.run(work))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        other = asyncio.ensure_future(threads.run(ended.is_set))
        gone = asyncio.ensure_future(threads.run(int))
        await asyncio.sleep(0.01)
        gone.cancel()  # before its turn
        assert not other.done()
        turn.set()
        assert await other
        assert await threads.run(lambda: 1) == 1

    used(test, places=1)


def test_threads_end_with_their_context_and_one_at_work_after_its_work() -> None:
    turn, entered = threading.Event(), threading.Event()
    seen: set[threading.Thread] = set()

    def work() -> None:
        seen.add(threading.current_thread())
        entered.set()
        turn.wait(PATIENCE)

    async def main() -> None:
        with Threads(CapacityLimiter(2)) as threads:
            asked = asyncio.ensure_future(threads.run(work))
            while not entered.is_set():
                await asyncio.sleep(0.001)
            seen.add(await threads.run(threading.current_thread))
            asked.cancel()
        with pytest.raises(RuntimeError, match="ended"):
            await threads.run(int)

    asyncio.run(main())
    assert len(seen) == 2
    turn.set()  # after the loop is closed
    for each in seen:
        each.join(PATIENCE)
        assert not each.is_alive()
