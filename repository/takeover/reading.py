"""Batches of items are read, by whoever is best at it, and given out in their order.

Heavy ones (`LIGHT`) are read by a pool of threads: hashing gives up the interpreter. Of light ones nearly all is work
in Python. They go to processes that read, where there are some, and this thread reads along where it would have to wait
for them; without such processes this thread reads them alone: through a pool of two threads 2,000 files of 8 KiB took
1.4 s and not 1.1, most of it for handing the interpreter's lock to and fro (2 cores, medians of four).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from repository.domain.takeover import Item
from repository.takeover.arriving import Arrival
from repository.takeover.packing import LIGHT
from repository.takeover.readers import Asked, Readers

Arrived = list[Arrival | Item]


def is_light(*, items: int, size: int) -> bool:
    """Whether so many items of so many bytes in all cost Python more than hashing."""
    return size < LIGHT * items


def in_order(
    work: Callable[[Sequence[Item]], Arrived],
    batches: Iterable[Sequence[Item]],
    *,
    pool: ThreadPoolExecutor,
    readers: Readers | None,
    ahead: int,
) -> Iterator[Arrived]:
    """`work` done on each batch; at most `ahead` batches more than the readers have are read before one is given out.
    Raises what `work` and the readers raise."""
    waiting: deque[Future[Arrived] | Asked] = deque()
    ahead += readers.slots if readers else 0
    for batch in batches:
        if not is_light(items=len(batch), size=sum(item.size for item in batch)):
            waiting.append(pool.submit(work, batch))
        elif readers is None:
            yield from _drained(waiting)
            yield work(batch)
        else:
            while not readers.free and waiting and waiting[0].done():
                yield waiting.popleft().result()
            waiting.append(readers.ask(batch) if readers.free else _done(work(batch)))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    yield from _drained(waiting)


def _drained(waiting: "deque[Future[Arrived] | Asked]") -> Iterator[Arrived]:
    while waiting:
        yield waiting.popleft().result()


def _done(arrived: Arrived) -> Future[Arrived]:
    done: Future[Arrived] = Future()
    done.set_result(arrived)
    return done
