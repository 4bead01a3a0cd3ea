"""For all tests: a property test is never hurried, since how long one takes says something about the machine only.

Where a change is judged (`CI=true`) the same examples are tried each time; at home every run looks elsewhere.

Temporary folders are in memory where there is room: what tests write is flushed like anywhere else, and to wait for a
disk would prove nothing, since no test cuts the power. Set TMPDIR to have them somewhere else.

Many tests start Python again. Byte code is written as it is by default, whatever the surroundings say: to compile a
thousand modules anew in each of these processes takes longer than what most of them are started for.

What is there once the tests have been collected stays: to look through it for garbage, again and again, took a quarter
of the time of collecting.
"""

import gc
import os
import sys
import tempfile
from pathlib import Path

from hypothesis import settings

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a run needs about a quarter of it

settings.register_profile("house", settings(deadline=None, derandomize=os.environ.get("CI") == "true"))
settings.load_profile("house")


def pytest_configure() -> None:
    """Child processes, workers of xdist among them, find their temporary folders in the same place."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked again
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def _has_room() -> bool:
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    found = os.statvfs(MEMORY)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC
