"""Turns of processes of one machine, by locks on a file beside the SQLite database: `catalogue.sqlite-turns`.

Whoever comes locks a byte behind those of all who are there: his place in the line. Whoever has nobody before him has
the turn, so that it goes round in the order in which it is asked for. (With one byte for the turn and one for whoever
comes next, of three that took turns two alternated and the third waited through up to 14, of six up to 42.) The locks
are those of the open file (fcntl(2), "open file description locks"): they end with it, and other handles of the process
do not undo them. The file is empty; deleted while the catalogue is open, it is made anew by whoever comes next.
"""

import fcntl
import os
import struct
import time
from contextlib import suppress
from pathlib import Path

from repository.catalogue.errors import CatalogueBusy, CatalogueUnavailable

WRITER = 0  # at writing to the database; others are of the takeover with that number
_PLACES = 1 << 40  # bytes for each number; the line starts anew whenever nobody stands in it
_LOCK = "hhqqi0q"  # struct flock: kind, whence, start, length, process id, which has to be 0
# Seconds: the system has no such lock that can be waited for up to a time, and a turn is some milliseconds mostly.
_POLL, _LONGEST_POLL = 0.0002, 0.002


def turns_file(database: Path) -> Path:
    return database.with_name(f"{database.name}-turns")


class FileTurn:
    """At `number`, which is waited for up to `seconds`. Not for two threads at one time."""

    def __init__(self, database: str, number: int, *, seconds: float) -> None:
        self._path, self._seconds = turns_file(Path(database)), seconds
        self._door = number * _PLACES  # who has it locked looks for his place; the line is behind it
        self._end = self._door + _PLACES
        self._place = 0  # of this process; 0 without one
        self._handle = -1

    def take(self) -> None:
        """This process has the turn. Raises `CatalogueBusy`, `CatalogueUnavailable`; then it has not."""
        self._open()
        try:
            self._wait(until=time.monotonic() + self._seconds)
        except BaseException:
            self.give()
            raise

    def give(self) -> None:
        """Also what an interrupted `take` has locked: the door, which would keep out all others."""
        self._place = 0
        if self._handle >= 0:
            with suppress(CatalogueUnavailable):  # a lock that is not there, or ends with the file
                self._asked(fcntl.F_OFD_SETLK, self._door, _PLACES, kind=fcntl.F_UNLCK)

    def wanted(self) -> bool:
        return bool(self._place and self._taken_after(self._place, before=self._end))

    def taken(self) -> bool:
        self._open()
        return bool(self._taken_after(self._door, before=self._end))

    def close(self) -> None:
        handle, self._handle, self._place = self._handle, -1, 0
        if handle >= 0:
            os.close(handle)

    def _open(self) -> None:
        if self._handle >= 0 and not (self._place or os.fstat(self._handle).st_nlink):
            self.close()  # somebody took the file away: the others stand in line at another one
        if self._handle < 0:
            try:
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise CatalogueUnavailable(reason=type(error).__name__) from None

    def _wait(self, *, until: float) -> None:
        pause = _POLL
        while not (self._place or self._stand()) or self._taken_after(self._door, before=self._place):
            if time.monotonic() > until:
                raise CatalogueBusy(reason="turn")
            time.sleep(pause)
            pause = min(1.05 * pause, _LONGEST_POLL)  # 0.2 ms at first, 2 ms after 40

    def _stand(self) -> bool:
        """Whether this process has a place behind all others; False where another is about to have one."""
        if not self._locked(fcntl.F_WRLCK, self._door):
            return False
        try:
            last = self._door
            while found := self._taken_after(last, before=self._end):
                last = found
            self._place = last + 1
            if not self._locked(fcntl.F_WRLCK, self._place):  # never so, while all have come by the door
                self._place = 0
        finally:
            self._locked(fcntl.F_UNLCK, self._door)
        return bool(self._place)

    def _taken_after(self, place: int, *, before: int) -> int:
        """A place that another has between these; 0 where nobody has one."""
        if before - place < 2:  # a length of 0 would be all that follows
            return 0
        kind, _, start, length, _ = struct.unpack(_LOCK, self._asked(fcntl.F_OFD_GETLK, place + 1, before - place - 1))
        return 0 if kind == fcntl.F_UNLCK else start + length - 1

    def _locked(self, kind: int, place: int) -> bool:
        """Whether the lock on this byte is as it is asked for; False where another has it."""
        try:
            self._asked(fcntl.F_OFD_SETLK, place, 1, kind=kind)
        except BlockingIOError:
            return False
        return True

    def _asked(self, what: int, start: int, length: int, *, kind: int = fcntl.F_WRLCK) -> bytes:
        try:
            return fcntl.fcntl(self._handle, what, struct.pack(_LOCK, kind, os.SEEK_SET, start, length, 0))
        except BlockingIOError:
            raise
        except OSError as error:
            raise CatalogueUnavailable(reason=type(error).__name__) from None
