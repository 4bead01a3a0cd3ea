"""So many bytes at one time, and no more."""

import threading
from contextlib import ExitStack

import pytest

from repository.rendering.errors import PixelsBusy
from repository.rendering.rationing import Ration


def test_what_fits_is_taken_at_once_and_given_back() -> None:
    ration = Ration(100, patience=0)
    for _ in range(3):
        with ration.taken(60), ration.taken(40), pytest.raises(PixelsBusy), ration.taken(1):
            pass
    with ration.taken(100), pytest.raises(PixelsBusy), ration.taken(1):
        pass


def test_what_does_not_fit_waits_no_longer_than_its_patience() -> None:
    ration = Ration(100, patience=0.05)
    with ration.taken(60):
        with pytest.raises(PixelsBusy), ration.taken(41):
            pass
        with ration.taken(40):
            pass


def test_what_is_larger_than_all_of_it_is_alone() -> None:
    ration = Ration(100, patience=0)
    with ration.taken(10**12), pytest.raises(PixelsBusy), ration.taken(1):
        pass
    with ration.taken(0), ration.taken(10**12):
        pass


def test_whoever_waits_may_give_up_and_takes_nothing() -> None:
    class Enough(Exception):
        pass

    def waiting() -> None:
        raise Enough

    ration = Ration(100, patience=30)
    with ration.taken(100), pytest.raises(Enough), ration.taken(1, waiting=waiting):
        pass
    with ration.taken(100):
        pass


def test_what_is_small_does_not_pass_by_what_is_large_and_came_before() -> None:
    ration, order = Ration(100, patience=30), list[int]()
    waits = {100: threading.Event(), 1: threading.Event()}

    def one(size: int) -> None:
        with ration.taken(size, waiting=waits[size].set):
            order.append(size)

    threads = [threading.Thread(target=one, args=(size,)) for size in (100, 1)]
    with ExitStack() as stack, ration.taken(50):
        for each, waiting in zip(threads, waits.values(), strict=True):
            each.start()
            stack.callback(each.join)
            assert waiting.wait(30)
    assert order == [100, 1]


def test_whoever_gives_up_keeps_nobody_behind_waiting() -> None:
    class Enough(Exception):
        pass

    def waiting() -> None:
        raise Enough

    ration = Ration(100, patience=30)
    with ration.taken(50):
        with pytest.raises(Enough), ration.taken(100, waiting=waiting):
            pass
        with ration.taken(50):
            pass


def test_many_at_one_time_never_have_more_than_there_is() -> None:
    ration, now, most, turn = Ration(100, patience=30), 0, 0, threading.Lock()

    def one(size: int) -> None:
        nonlocal now, most
        for _ in range(50):
            with ration.taken(size):
                with turn:
                    now += size
                    most = max(most, now)
                with turn:
                    now -= size

    threads = [threading.Thread(target=one, args=(size,)) for size in (10, 30, 50, 70, 100)]
    with ExitStack() as stack:
        for each in threads:
            each.start()
            stack.callback(each.join)
    assert (now, most <= 100) == (0, True)
