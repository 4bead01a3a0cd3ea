"""`python -m benchmarks [--write] [NAME ...]`: measures, and prints a table for each topic.

Names: taking-over, checking, large, growth, reaching, deciding, reading, http, dicom; all of them without any. Without
names, or with --write, the tables of what was measured take the places of the old ones in docs/benchmarks.md, each with
its day. `reaching`, `http` and `dicom` fill databases with a million studies, or with EDM_BENCH_STUDIES; `dicom` has a
scale for all of it, EDM_BENCH_SCALE.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.checking import checking, large_file
from benchmarks.deciding import deciding
from benchmarks.dicom import dicom
from benchmarks.growth import growth
from benchmarks.http import http
from benchmarks.measuring import Row, machine
from benchmarks.reaching import reaching
from benchmarks.reading import reading
from benchmarks.taking_over import taking_over
from storage.memory import keep_freed_memory

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
WRITE = "--write"
WORK: dict[str, Callable[[Path], list[Row]]] = {
    "taking-over": lambda folder: taking_over(folder, workers=os.cpu_count() or 1),
    "checking": checking,
    "large": large_file,
    "growth": growth,
    "reaching": reaching,
    "deciding": deciding,
    "reading": reading,
    "http": http,
    "dicom": dicom,
}


def main(words: list[str]) -> None:
    keep_freed_memory()  # as the command line does
    names = [word for word in words if word != WRITE]
    # One folder for all, deleted at the end: for five minutes after files were deleted ext4 passes over their inodes,
    # one by one, whenever a file is made, and that cost a topic a tenth of its time after another had ended.
    with tempfile.TemporaryDirectory(prefix="edm-bench-", dir=os.environ.get("EDM_BENCH_DIR")) as folder:
        for name in names or WORK:
            print(f"{name} …", file=sys.stderr, flush=True)
            place = Path(folder) / name
            place.mkdir()
            found = WORK[name](place)
            print(table(found), flush=True)
            if not names or WRITE in words:
                PAGE.write_text(page(PAGE.read_text(), name, found))


def table(rows: list[Row]) -> str:
    lines = ["| what | ours | beside it | ratio | aim |", "|---|---|---|---|---|"]
    return "\n".join(lines + [f"| {r.what} | {r.ours} | {r.other} | {r.ratio} | {r.aim} |" for r in rows])


def page(text: str, name: str, rows: list[Row]) -> str:
    """`text` with these rows as the table of topic `name`, between its marks."""
    mark, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(mark)
    facts = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}."
    return f"{before}{mark}\n{facts}\n\n{table(rows)}\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    main(sys.argv[1:])
