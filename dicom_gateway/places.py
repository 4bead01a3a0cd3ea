"""Associations of one peer at one time, so that one cannot take all of them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from dicom_gateway.rejecting import Rejected, Why


class Places:
    def __init__(self, *, most: int) -> None:
        self._most, self._taken = most, Counter[str]()
        self._turn = threading.Lock()

    @contextmanager
    def taken(self, peer: str) -> Iterator[None]:
        """One of the peer's places is taken meanwhile. Raises `Rejected` where there is none."""
        with self._turn:
            if self._taken[peer] >= self._most:
                raise Rejected(Why.PEER_LIMIT)
            self._taken[peer] += 1
        try:
            yield
        finally:
            with self._turn:
                self._taken[peer] -= 1
                if not self._taken[peer]:
                    del self._taken[peer]
