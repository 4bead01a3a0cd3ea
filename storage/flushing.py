"""Names in a folder as durable as what they name."""

import os
from pathlib import Path


def flush_folder(path: Path) -> None:
    """What was created, renamed or removed in the folder at `path` is so after a loss of power too (fsync(2): a file's
    own flush says nothing of its name). Raises `OSError`."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
