"""Until something is so."""

import time
from collections.abc import Callable


def eventually(what: Callable[[], bool]) -> bool:
    """Whether it is so within twenty seconds."""
    for _ in range(2000):
        if what():
            return True
        time.sleep(0.01)
    return False
