"""A small file system of its own for a test: memory, of a size that can be changed, writable or not."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A mounted tmpfs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True, capture_output=True)


@contextmanager
def disk(path: Path, *, size: str) -> Iterator[Disk]:
    """Skips the test where this account may not mount."""
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "edm-test", path], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True, capture_output=True)
