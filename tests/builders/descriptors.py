"""A machine that has no more descriptors to give."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def descriptors(left: int) -> Iterator[None]:
    """This process may open `left` files more."""
    free = [os.open("/", os.O_RDONLY) for _ in range(left + 1)]
    for each in free:
        os.close(each)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(free), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
