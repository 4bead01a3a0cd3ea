"""Two processes that push into one takeover, as far as turns go: two `Sharing` with real turns at one catalogue."""

from concurrent.futures import ThreadPoolExecutor

from repository.catalogue.turns import Turn
from repository.transfer.sharing import EVERY, IDLE, LASTS, LONGEST
from tests.repository.transfer.sharers import PATIENCE, Both


def test_while_nobody_is_met_nothing_is_locked_and_others_are_looked_for_from_time_to_time(
    processes: Both, seen: Turn
) -> None:
    one, other = processes
    for _ in range(5):
        assert (one.sharing.enter(), other.sharing.enter()) == (False, False)
        assert not seen.taken()
        assert (one.draining(), other.draining()) == (False, False)
        one.sharing.leave()
        other.sharing.leave()
    assert len(one.turns) == 1
    one.clock.now += EVERY
    one.alone()
    one.alone()
    assert len(one.turns) == 2
    one.sharing.insist()
    assert not seen.taken()


def test_those_who_have_met_take_turns(processes: Both, seen: Turn, pool: ThreadPoolExecutor) -> None:
    one, other = processes
    one.sharing.met()
    other.sharing.met()
    assert one.sharing.enter()
    assert seen.taken()
    waits = pool.submit(other.sharing.enter)
    assert one.waited_for()
    assert not waits.done()
    one.sharing.leave()
    assert waits.result(PATIENCE)
    assert seen.taken()
    other.sharing.leave()
    assert not seen.taken()


def test_they_alternate_however_often_each_comes(processes: Both, pool: ThreadPoolExecutor) -> None:
    """Counted: each keeps its turn until the other waits for it."""
    order = list[int]()

    def work(mine: int) -> None:
        process = processes[mine]
        for number in range(10):
            assert process.sharing.enter()
            order.append(mine)
            if number < 9:
                assert process.waited_for()
            process.sharing.leave()

    for each in processes:
        each.sharing.met()
    second = pool.submit(work, 1)
    work(0)
    second.result(PATIENCE)
    assert order == order[:2] * 10
    assert sorted(order[:2]) == [0, 1]


def test_a_turn_ends_with_the_last_of_its_groups(processes: Both, seen: Turn) -> None:
    one, _ = processes
    one.sharing.met()
    assert one.sharing.enter()
    assert not one.sharing.enter()  # nobody else can have written
    one.sharing.leave()
    assert seen.taken()
    assert not one.sharing.enter()
    one.sharing.leave()
    one.sharing.leave()
    assert not seen.taken()


def test_a_turn_that_another_wants_is_drained_after_a_while(
    processes: Both, seen: Turn, pool: ThreadPoolExecutor
) -> None:
    one, other = processes
    one.sharing.met()
    other.sharing.met()
    one.sharing.enter()
    waits = pool.submit(other.sharing.enter)
    assert one.waited_for()
    one.clock.now += LONGEST / 2
    one.sharing.enter()
    assert not one.draining()
    one.clock.now += LONGEST / 2
    one.sharing.enter()
    assert one.draining()
    for _ in range(2):
        one.sharing.leave()
        assert one.draining()
    assert not waits.done()
    one.sharing.leave()
    assert not one.draining()
    assert waits.result(PATIENCE)
    other.sharing.leave()
    assert not seen.taken()


def test_a_turn_that_nobody_wants_goes_on(processes: Both, seen: Turn, pool: ThreadPoolExecutor) -> None:
    one, other = processes
    one.sharing.met()
    one.sharing.enter()
    for _ in range(5):
        one.clock.now += LONGEST
        one.sharing.enter()
        assert not one.draining()
    other.sharing.met()
    waits = pool.submit(other.sharing.enter)
    assert one.waited_for()
    one.clock.now += 2 * LONGEST  # and is looked at again
    one.sharing.enter()
    assert one.draining()
    for _ in range(7):
        one.sharing.leave()
    assert waits.result(PATIENCE)
    other.sharing.leave()
    assert not seen.taken()


def test_who_has_met_nobody_for_long_takes_no_turns_any_more(processes: Both, seen: Turn) -> None:
    one, _ = processes
    one.sharing.met()
    one.clock.now += LASTS / 2
    assert one.alone()
    one.clock.now += LASTS / 2
    one.sharing.enter()
    assert not seen.taken()
    one.sharing.leave()
    one.sharing.met()
    assert one.alone()


def test_whoever_has_written_nothing_for_a_while_looks_without_a_turn(processes: Both, seen: Turn) -> None:
    one, _ = processes
    assert not one.alone()
    one.clock.now += IDLE
    assert one.sharing.enter()
    assert not seen.taken()
    assert not one.sharing.enter()  # beside another group of this process
    one.sharing.leave()
    one.sharing.leave()
    assert not one.alone()


def test_a_turn_that_outlasts_the_acquaintance_is_given_all_the_same(processes: Both, seen: Turn) -> None:
    one, _ = processes
    one.sharing.met()
    assert one.sharing.enter()
    one.clock.now += 2 * LASTS
    assert not one.sharing.enter()
    one.sharing.leave()
    assert seen.taken()
    one.sharing.leave()
    assert not seen.taken()
    assert not one.alone()


def test_who_never_met_anybody_finds_out_by_their_turn(processes: Both, pool: ThreadPoolExecutor) -> None:
    one, other = processes
    assert not one.alone()
    other.sharing.met()
    assert other.sharing.enter()
    one.clock.now += EVERY / 2
    assert not one.alone()  # it does not look yet
    one.clock.now += EVERY / 2
    waits = pool.submit(one.sharing.enter)
    assert other.waited_for()
    other.sharing.leave()
    assert waits.result(PATIENCE)
    one.sharing.leave()
    assert one.alone()  # the acquaintance lasts


def test_who_finds_out_amid_its_groups_drains_before_it_waits(processes: Both, pool: ThreadPoolExecutor) -> None:
    one, other = processes
    assert not one.sharing.enter()
    other.sharing.met()
    assert other.sharing.enter()
    one.clock.now += EVERY
    assert not one.sharing.enter()
    assert one.draining()
    one.sharing.leave()
    assert one.draining()
    one.sharing.leave()
    assert not one.draining()
    waits = pool.submit(one.sharing.enter)
    assert other.waited_for()
    other.sharing.leave()
    assert waits.result(PATIENCE)
    one.sharing.leave()


def test_who_has_lost_to_another_insists_on_a_turn_whatever_is_on_its_way(
    processes: Both, seen: Turn, pool: ThreadPoolExecutor
) -> None:
    one, other = processes
    one.sharing.enter()
    one.sharing.enter()
    other.sharing.met()
    assert other.sharing.enter()
    one.sharing.met()
    assert one.draining()
    waits = pool.submit(one.sharing.insist)
    assert other.waited_for()
    other.sharing.leave()
    waits.result(PATIENCE)
    one.sharing.insist()  # it has it
    assert not one.draining()
    one.sharing.leave()
    assert seen.taken()
    one.sharing.leave()
    assert not seen.taken()


def test_whoever_has_much_to_seal_takes_a_turn_before_he_has_met_anybody(
    processes: Both, seen: Turn, pool: ThreadPoolExecutor
) -> None:
    one, other = processes
    assert one.sharing.enter(much=True)
    assert seen.taken()
    assert not one.sharing.enter(much=True)  # beside another group of its own
    waits = pool.submit(other.sharing.enter, much=True)
    assert one.waited_for()
    one.sharing.leave()
    assert not waits.done()
    one.sharing.leave()
    assert waits.result(PATIENCE)
    other.sharing.leave()
    assert not seen.taken()
    one.sharing.enter()
    assert not seen.taken()
    one.sharing.enter(much=True)  # beside one that has none
    assert not seen.taken()
    for _ in range(2):
        one.sharing.leave()


def test_what_is_closed_is_given_away_and_opened_anew(processes: Both, seen: Turn) -> None:
    one, other = processes
    one.sharing.met()
    assert one.alone()
    one.sharing.close()
    one.sharing.close()
    other.sharing.met()
    assert other.alone()
    assert one.sharing.enter()
    assert seen.taken()
    one.sharing.leave()
    assert not seen.taken()
    assert len(one.turns) == 2
