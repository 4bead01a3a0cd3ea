"""QIDO-RS at study level in an archive of a million studies on PostgreSQL, over HTTP, with the decision and an account.

EDM_BENCH_STUDIES may be fewer. There is nothing beside it: to fill Orthanc with a million studies takes days.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

from benchmarks.http_sides import Side, ours, signed
from benchmarks.measuring import Row
from benchmarks.studies import SETTINGS, TAKEOVERS, filled, pesel
from repository.access.purpose import Purpose
from repository.runtime import open_archive
from tests.builders.access import OURS
from tests.builders.homes import new_home
from tests.builders.staff import Staff, session_of
from tests.peers.postgres import postgres

STUDIES, ROUNDS, WARM = 1_000_000, 200, 20
AIM = "p95 < 100 ms"


def searching(folder: Path) -> list[Row]:
    folder.mkdir()
    said = int(os.environ.get("EDM_BENCH_STUDIES", STUDIES))
    studies = max(1, said // (2 * TAKEOVERS)) * 2 * TAKEOVERS
    with postgres(SETTINGS) as server, server.database() as url:
        home = new_home(folder, catalogue=url)
        filled(url, studies, made=True).close()
        with open_archive(home) as archive:
            token = session_of(archive, Staff(house=OURS), name="doctor").token
        with ours(home, signed(token, Purpose.CUSTODY)) as side:
            return list(_rows(side, studies))


def _rows(side: Side, studies: int) -> Iterator[Row]:
    for what, queries in _questions(studies).items():
        print(f"  {what} …", file=sys.stderr, flush=True)
        times = _asked(side, queries)
        last = quantiles(times, n=20)[-1]
        told = f"p95 {last * 1e3:.1f} ms, median {median(times) * 1e3:.1f} ms"
        yield Row(f"QIDO-RS, {studies:,} studies on PostgreSQL, {what}", told, "–", "–", AIM)


def _questions(studies: int) -> dict[str, Sequence[str]]:
    """Of the takeovers that the asker has in custody: takeover 9 begins at 8/20 of the studies."""
    first = studies // TAKEOVERS * 8
    some = [first + 7 * number % (studies // TAKEOVERS) for number in range(ROUNDS)]
    return {
        "by patient id": [f"PatientID={pesel(each).extension}" for each in some],
        "by UID": [f"StudyInstanceUID=1.2.826.0.1.3680043.10.{each}" for each in some],
        "by accession number ACC…*, 100 at most": [f"AccessionNumber=ACC{each // 100}*&limit=100" for each in some],
        "of ten days, 100 at most": [f"StudyDate=20100101-201001{10 + each % 20}&limit=100" for each in some],
        "the first 100 of all": ["limit=100"] * ROUNDS,
    }


def _asked(side: Side, queries: Sequence[str]) -> list[float]:
    found = []
    with closing(side.line()) as line:
        for query in [*queries[:WARM], *queries]:
            began = time.perf_counter()
            side.get(line, f"{side.root}/studies?{query}", Accept="application/dicom+json")
            found.append(time.perf_counter() - began)
    return found[WARM:]
