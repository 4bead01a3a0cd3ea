"""One writer to an archive's home at a time.

A lock of the operating system on `HOME/lock` (flock): it ends with the process, however that ends. It keeps two
commands on one machine apart; across machines the catalogue's transactions and job leases do that.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repository.errors import HomeBusy, HomeDamaged


@contextmanager
def sole_writer(home: Path) -> Iterator[None]:
    """While this is held no other process of this machine writes to `home`. Raises `HomeBusy`."""
    path = home / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeDamaged(path=str(path), reason="cannot be written") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held_by = os.pread(handle, 20, 0).decode(errors="replace").strip() or "?"
            raise HomeBusy(home=str(home), pid=held_by) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
