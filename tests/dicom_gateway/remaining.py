"""What a door leaves in this process: threads of associations, and open files."""

import threading
from contextlib import suppress
from pathlib import Path


def threads() -> int:
    """Threads of associations in this process."""
    return sum(each.name == "association" for each in threading.enumerate())


def none_left(*, beside: int = 0) -> bool:
    """Every thread of an association has ended, but for so many."""
    for _ in range(1200):
        if threads() <= beside:
            return True
        threading.Event().wait(0.05)
    return False


def files_held(folder: Path) -> int:
    """Open files of this process below `folder`, those without a name as well."""
    held = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            held += str(each.readlink()).startswith(f"{folder}/")
    return held
