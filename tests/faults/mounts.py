"""A small file system of its own for a test: memory, of a size that can be changed, writable or not."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CAP_SYS_ADMIN = 1 << 21  # capability.h: what mount(2) asks for


class Disk:
    """A mounted tmpfs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True, capture_output=True)


@contextmanager
def disk(path: Path, *, size: str) -> Iterator[Disk]:
    """Skips the test where this account may not mount; where it may, a disk that cannot be mounted is a failure."""
    if not _may_mount():
        pytest.skip("a small disk can be mounted by root alone, and by root of a container only where it is let")
    path.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "edm-test", path], check=True, capture_output=True
    )
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True, capture_output=True)


def _may_mount() -> bool:
    """As root, with the capability: a container takes it from root."""
    status = Path("/proc/self/status")
    if os.geteuid() != 0 or not status.exists():
        return False
    held = next(line for line in status.read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(held.split()[1], 16) & CAP_SYS_ADMIN)
