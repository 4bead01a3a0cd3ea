"""`python -m benchmarks [NAME ...]`: measures, prints a table and writes docs/benchmarks.md.

Names: taking-over, checking, large, growth, reaching, deciding, reading, http. All of them without any; with names,
only those, and nothing is written. `reaching` fills two databases with a million studies, or with EDM_BENCH_STUDIES.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.checking import checking, large_file
from benchmarks.deciding import deciding
from benchmarks.growth import growth
from benchmarks.http import http
from benchmarks.measuring import Row, machine
from benchmarks.reaching import reaching
from benchmarks.reading import reading
from benchmarks.taking_over import taking_over
from storage.memory import keep_freed_memory

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
WORK: dict[str, Callable[[Path], list[Row]]] = {
    "taking-over": lambda folder: taking_over(folder, workers=os.cpu_count() or 1),
    "checking": checking,
    "large": large_file,
    "growth": growth,
    "reaching": reaching,
    "deciding": deciding,
    "reading": reading,
    "http": http,
}


def main(names: list[str]) -> None:
    keep_freed_memory()  # as the command line does
    rows: list[Row] = []
    for name in names or WORK:
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="edm-bench-", dir=os.environ.get("EDM_BENCH_DIR")) as folder:
            found = WORK[name](Path(folder))
        rows += found
        print(table(found), flush=True)
    if not names:
        PAGE.write_text(page(rows))


def table(rows: list[Row]) -> str:
    lines = ["| what | ours | beside it | ratio | aim |", "|---|---|---|---|---|"]
    return "\n".join(lines + [f"| {r.what} | {r.ours} | {r.other} | {r.ratio} | {r.aim} |" for r in rows])


def page(rows: list[Row]) -> str:
    before, _, after = PAGE.read_text().partition("<!-- table -->") if PAGE.exists() else ("# Benchmarks\n\n", "", "")
    tail = after.partition("<!-- end -->")[2]
    facts = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}. Medians of five rounds in turns; Orthanc once."
    return f"{before}<!-- table -->\n{facts}\n\n{table(rows)}\n<!-- end -->{tail}"


if __name__ == "__main__":
    main(sys.argv[1:])
