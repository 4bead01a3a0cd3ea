"""Associations at one time: of all peers, and of one, so that one cannot take all of them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from dicom_gateway.rejecting import Rejected, Why


class Places:
    """At most `most`, and `of_one` peer."""

    def __init__(self, *, most: int, of_one: int) -> None:
        self._most, self._of_one, self._taken = most, of_one, Counter[str]()
        self._turn = threading.Lock()

    @property
    def full(self) -> bool:
        with self._turn:
            return self._taken.total() >= self._most

    @contextmanager
    def taken(self, peer: str) -> Iterator[None]:
        """One of the peer's places is taken meanwhile. Raises `Rejected` where there is none."""
        with self._turn:
            if self._taken[peer] >= self._of_one:
                raise Rejected(Why.PEER_LIMIT)
            if self._taken.total() >= self._most:
                raise Rejected(Why.LIMIT)
            self._taken[peer] += 1
        try:
            yield
        finally:
            with self._turn:
                self._taken[peer] -= 1
                if not self._taken[peer]:
                    del self._taken[peer]
