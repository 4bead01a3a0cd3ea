"""Until something is so."""

import time
from collections.abc import Callable


def eventually(what: Callable[[], bool]) -> bool:
    """Whether it is so within a minute, however long it takes to look."""
    until = time.monotonic() + 60
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True
