"""Work that somebody waits for is begun at once: whoever makes a job rings, and whoever works on this machine hears it.

The bell is a file of the home whose time changes. Whoever listens glances at that ten times a second, which costs two
microseconds, and at the rows only when it rang. Nothing depends on it: one that cannot be rung, or was rung on another
machine, is made up for by the look at the rows that comes every few seconds.
"""

import logging
import os
import threading
import time
from pathlib import Path

GLANCE = 0.1  # seconds between two looks at the bell
_BELL = "wake"
_log = logging.getLogger(__name__)


def ring(home: Path) -> None:
    """Whoever works for the archive at `home` on this machine looks at the rows. Call it after a row is committed."""
    try:
        handle = os.open(home / _BELL, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            now = time.time_ns()  # told to it: the system's own steps are long enough for two rings in one
            os.utime(handle, ns=(now, now))
        finally:
            os.close(handle)
    except OSError as error:
        _log.warning("nobody was woken (%s): the job waits for the next look", type(error).__name__)


class Bell:
    """What one who works has heard of it. A ring while he works is heard when he next waits."""

    def __init__(self, home: Path) -> None:
        self._path = home / _BELL
        self._heard = self._rung()

    def wait(self, woken: threading.Event, seconds: float) -> None:
        """It has rung since the last time, or `woken` is set, or so many seconds are over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            rung = self._rung()
            if rung != self._heard:
                self._heard = rung
                return
            if woken.wait(min(GLANCE, left)):
                return

    def _rung(self) -> int:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0
