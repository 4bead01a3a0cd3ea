"""Takes over and verifies PLACE/source in a process of its own.

`python -m benchmarks.large PLACE` prints the seconds of both; `measured` runs that and looks at its memory.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.archive import fresh_archive
from benchmarks.measuring import memory_of, timed
from repository.intake import Order, receive
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.memory import keep_freed_memory


def measured(place: Path) -> tuple[float, float, float]:
    """Seconds of taking over, seconds of verifying, and the most memory of the process and its readers, in MB."""
    command = [sys.executable, "-m", "benchmarks.large", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, memory_of(process.pid) as memory:
        said, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    intake, checked = map(float, said.split())
    return intake, checked, memory.peak


def main() -> None:
    keep_freed_memory()  # as the command line does
    place = Path(sys.argv[1])
    with fresh_archive(place, workers=2) as archive:
        intake = timed(lambda: receive(archive, Order(place / "source"), progress=lambda _: None, forking=True))
        checked = timed(lambda: verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None))
    print(intake, checked)


if __name__ == "__main__":
    main()
