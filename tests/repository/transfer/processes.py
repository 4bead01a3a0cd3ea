"""What a process of its own has to come through, whatever interrupts it."""

import multiprocessing
from collections.abc import Callable

from repository.domain.takeover import Takeover
from repository.runtime import Archive
from repository.settings import Settings

PATIENCE = 120.0  # seconds for what takes some two


def assert_comes_through(archive: Archive, takeover: Takeover, work: Callable[[Settings, Takeover], None]) -> None:
    """`work`, in the main thread of a process of its own, returns."""
    process = multiprocessing.get_context("forkserver").Process(target=work, args=(archive.settings, takeover))
    process.start()
    try:
        process.join(PATIENCE)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join(PATIENCE)
