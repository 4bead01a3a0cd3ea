"""Tries to be somebody that were refused, written down: deeds of the kind `sign-in-refused`.

Whoever is refused is nobody, and nobody may try without end: a process notes `AT_ONCE` tries, and then one for each
`EVERY` seconds that pass. What is not noted is counted, and the next deed says how many went before it. At some 700
bytes a deed, a year of nothing but tries takes at most 400 MB for each process.

A body is {"way": …, "why": …, "issuer": …, "address": …, "door": …, "unnoted": …}: by what way somebody tried, a word
of the program's own for what was wrong, the issuer where it is one that is trusted, the address that the try came from,
and how many tries before it were not noted. Nothing of the token or the password that was sent stands in it.
"""

import time
from collections.abc import Callable
from threading import Lock

from repository.journal import note
from repository.runtime import Archive

KIND = "sign-in-refused"
AT_ONCE = 60
EVERY = 60.0
_LONGEST = 200


class Refusals:
    """Of one process. Safe to share between threads."""

    def __init__(self, archive: Archive, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._archive, self._clock, self._lock = archive, clock, Lock()
        self._left, self._filled, self._unnoted = float(AT_ONCE), clock(), 0

    def note(self, way: str, why: str, *, address: str, door: str, issuer: str = "") -> bool:
        """Whether the try is in the journal, durable; else it is counted. Raises what the catalogue raises."""
        unnoted = self._taken()
        if unnoted is None:
            return False
        said = {"way": way, "why": why, "issuer": issuer, "address": address, "door": door}
        body = {name: _writable(value) for name, value in said.items()} | {"unnoted": unnoted}
        try:
            note(self._archive, KIND, body, outcome="refused")
        except BaseException:
            with self._lock:
                self._unnoted += unnoted + 1
            raise
        return True

    def _taken(self) -> int | None:
        """How many were not noted before this one, which is to be noted; None where it is not."""
        with self._lock:
            now = self._clock()
            self._left = min(float(AT_ONCE), self._left + (now - self._filled) / EVERY)
            self._filled = now
            if self._left < 1:
                self._unnoted += 1
                return None
            self._left -= 1
            unnoted, self._unnoted = self._unnoted, 0
            return unnoted


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()[:_LONGEST]
