"""What is flushed to the disk, and when: no test cuts the power, but each can see what would be there then."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def flushed() -> Iterator[list[tuple[Path, frozenset[str]]]]:
    """In its order: each file or folder that was flushed while the block ran, and the names that the folder had."""
    found: list[tuple[Path, frozenset[str]]] = []
    flush = os.fsync

    def noting(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        found.append((path, frozenset(each.name for each in path.iterdir()) if path.is_dir() else frozenset()))
        flush(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noting)
        yield found
