"""The identity file, followed while it is served from: whom the operator takes out of it is out a second later.

A file that cannot be relied on takes the place of the one before all the same: what it was meant to say is not known,
and it may be that somebody was to be let in no more. Until it is whole again nobody is let in by it; sessions of local
accounts have nothing to do with it.
"""

import logging
import time
from collections.abc import Callable
from os import stat_result
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from api.callers.errors import IdentitiesUnsure, IdentityFileWrong
from api.callers.identities import FILE, Identities, read_identities

EVERY = 1.0  # seconds between two looks at the file
AGAIN = 60.0  # seconds between two lines of the log about one that is still wrong
_YOUNG = 2_000_000_000  # ns in which a file may change again without looking changed
_LOG = logging.getLogger(__name__)

T = TypeVar("T")
Source = Callable[[], Identities]
Stamp = tuple[int, ...]


class IdentityFile:
    """What the file says now. The file that is `told` has to be there; the one in `home` may be missing, which says
    that there is nobody. Safe for many threads."""

    def __init__(self, home: Path, *, told: Path | None, ticks: Callable[[], float] = time.monotonic) -> None:
        """Raises `IdentityFileWrong`: nothing is served from one that is wrong at the start."""
        self._path, self._required, self._ticks = told or home / FILE, told is not None, ticks
        self._looking = Lock()
        self._stamp = _stamp_of(self._path)
        self._known: Identities | IdentityFileWrong = read_identities(self._path, required=self._required)
        self._next, self._say = ticks() + EVERY, 0.0

    def __call__(self) -> Identities:
        """The same object as before while it says the same. Raises `IdentitiesUnsure`."""
        if self._ticks() >= self._next and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        known = self._known
        if isinstance(known, IdentityFileWrong):
            raise IdentitiesUnsure
        return known

    def _look(self) -> None:
        self._next = self._ticks() + EVERY
        stamp = _stamp_of(self._path)  # before it is read: what changes meanwhile is seen the next time
        if stamp is None or stamp != self._stamp:
            self._read(stamp)
        elif isinstance(self._known, IdentityFileWrong) and self._ticks() >= self._say:
            self._tell(self._known)

    def _read(self, stamp: Stamp | None) -> None:
        before, self._stamp = self._known, stamp
        try:
            found = read_identities(self._path, required=self._required)
        except IdentityFileWrong as error:
            self._known = error
            if isinstance(before, Identities) or self._ticks() >= self._say:
                self._tell(error)
            return
        if found != before:
            self._known = found
            said = len(found.issuers), len(found.clients), len(found.certificates)
            _LOG.warning("the identity file was read anew: %d issuers, %d clients, %d certificates", *said)

    def _tell(self, error: IdentityFileWrong) -> None:
        self._say = self._ticks() + AGAIN
        _LOG.error("nobody is let in by the identity file until it is mended: %s", error)


class Following(Generic[T]):
    """What is made of the identities, made anew when they are others. `make` gets what was made before, of which it may
    keep what is still so."""

    def __init__(self, source: Source | Identities, make: Callable[[Identities, T | None], T]) -> None:
        self._source = source if callable(source) else lambda: source
        self._make = make
        found = self._source()
        self._made = found, make(found, None)  # one name, so that no thread sees half of it

    def __call__(self) -> T:
        """Raises `IdentitiesUnsure`."""
        found, (known, made) = self._source(), self._made
        if found is not known:
            made = self._make(found, made)
            self._made = found, made
        return made


def _stamp_of(path: Path) -> Stamp | None:
    """What tells one state of a file from another; None where it may change, or has changed so lately, that it does
    not."""
    try:
        found: stat_result = path.stat()
    except OSError:
        return None
    if max(found.st_mtime_ns, found.st_ctime_ns) > time.time_ns() - _YOUNG:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev, found.st_mode)
