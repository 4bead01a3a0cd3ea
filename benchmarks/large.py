"""Takes over and verifies PLACE/source in this process; prints seconds, seconds and the peak of memory in MB."""

import sys
from pathlib import Path

from benchmarks.archive import fresh_archive
from benchmarks.measuring import peak_memory_mb, timed
from repository.intake import Order, receive
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.memory import keep_freed_memory


def main() -> None:
    keep_freed_memory()  # as the command line does
    place = Path(sys.argv[1])
    with fresh_archive(place, workers=2) as archive:
        intake = timed(lambda: receive(archive, Order(place / "source"), progress=lambda _: None))
        checked = timed(lambda: verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None))
    print(intake, checked, peak_memory_mb())


if __name__ == "__main__":
    main()
