"""At most so many in a window, and nothing that runs to see to it."""

import threading
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from api.rate import Rate


@dataclass
class Clock:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


def test_each_key_has_its_own_count_and_comes_back_when_it_was_silent() -> None:
    clock = Clock()
    rate = Rate(3, seconds=60, now=clock)
    assert [rate.hit("a") for _ in range(4)] == [True, True, True, False]
    assert rate.hit("b")
    clock.at += 120
    assert [rate.hit("a") for _ in range(4)] == [True, True, True, False]


def test_a_turn_of_the_window_does_not_let_a_second_share_through() -> None:
    clock = Clock(59.0)
    rate = Rate(10, seconds=60, now=clock)
    assert all(rate.hit("a") for _ in range(10))
    clock.at = 61.0
    assert not rate.hit("a")
    clock.at = 90.0  # half of the last window still counts
    assert sum(rate.hit("a") for _ in range(10)) == 5


@settings(max_examples=60)
@given(st.integers(1, 20), st.lists(st.floats(0, 40), max_size=80))
def test_what_is_allowed_never_exceeds_the_most_in_a_window_and_the_wait_is_enough(
    most: int, pauses: list[float]
) -> None:
    clock = Clock()
    rate = Rate(most, seconds=60, now=clock)
    allowed: dict[int, int] = {}
    for pause in pauses:
        clock.at += pause
        if rate.hit("a"):
            allowed[int(clock.at // 60)] = allowed.get(int(clock.at // 60), 0) + 1
        else:
            clock.at += rate.wait("a")
            assert rate.hit("a")
            allowed[int(clock.at // 60)] = allowed.get(int(clock.at // 60), 0) + 1
    assert all(count <= most for count in allowed.values())


def test_no_thread_is_started_and_silent_keys_are_forgotten() -> None:
    clock, before = Clock(), set(threading.enumerate())
    rate = Rate(5, seconds=60, now=clock)
    for number in range(1000):
        assert rate.hit(f"key {number}")
    clock.at += 180
    assert rate.hit("a")
    assert len(rate._counts) + len(rate._last) <= 2
    assert set(threading.enumerate()) == before


def test_threads_together_get_no_more_than_one_would() -> None:
    rate = Rate(500, seconds=1e9)
    got: list[bool] = []
    threads = [threading.Thread(target=lambda: got.extend([rate.hit("a") for _ in range(200)])) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(got) == 500
