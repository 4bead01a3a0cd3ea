"""C-FIND for the studies of one patient, beside the others; and in an archive of a million studies on PostgreSQL.

EDM_BENCH_STUDIES may be fewer. There is nothing beside the million: to fill the others with it takes days.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles

from benchmarks.dicom_questions import (
    ACCESSION,
    PATIENT_ID,
    STUDY_DATE,
    STUDY_UID,
    answers,
    asking,
    patient_of,
    timed_each,
)
from benchmarks.dicom_sides import DCMQRSCP, ORTHANC, UNSAFE, US, Field, known, ours, scaled
from benchmarks.http_images import images
from benchmarks.measuring import Row
from benchmarks.studies import SETTINGS, TAKEOVERS, filled, pesel
from dicom_gateway.settings import DEFAULT_TITLE
from repository.runtime import open_archive
from tests.builders.homes import new_home
from tests.peers.postgres import postgres

PATIENTS, QUERIES, ROUNDS, STUDIES, WARM = 100, 200, 3, 1_000_000, 20
AIMS = {ORTHANC: "≥ 1×", UNSAFE: "–", DCMQRSCP: "–"}


def finding(sides: Field, folder: Path) -> Iterator[Row]:
    """Each server has been sent a study of each of 100 patients beforehand."""
    what = f"C-FIND, the studies of one patient of {PATIENTS}"
    print(f"  {what} …", file=sys.stderr, flush=True)
    place = folder / "patients"
    place.mkdir()
    numbers = []
    for number in range(PATIENTS):
        (content,) = images("find", number + 1, count=1, size=2 << 10)
        (place / f"{number:05}.dcm").write_bytes(content)
        numbers.append(patient_of(content))
    for side in sides.quick:
        side.store(place)
    questions = [{PATIENT_ID: numbers[each % PATIENTS]} for each in range(scaled(QUERIES, least=20))]
    times: dict[str, list[float]] = {each.name: [] for each in sides.quick}
    for turn in range(ROUNDS + 1):
        for side in sides.quick if turn % 2 else sides.quick[::-1]:
            with asking(side.port, side.title) as line:
                found = timed_each(line, questions, least=1)
            times[side.name] += found if turn else []
    own = median(times[US])
    for name, each in times.items():
        if name != US:
            told, ratio = f"{name}: {_told(each)}", f"{median(each) / own:.1f}×"
            yield Row(what, _told(times[US]), told, ratio, AIMS.get(name, "–"))


def _told(times: Sequence[float]) -> str:
    return f"median {median(times) * 1e3:.2f} ms, p95 {quantiles(times, n=20)[-1] * 1e3:.2f} ms"


def among_a_million(folder: Path) -> Iterator[Row]:
    folder.mkdir()
    said = int(os.environ.get("EDM_BENCH_STUDIES", scaled(STUDIES)))
    studies = max(1, said // (2 * TAKEOVERS)) * 2 * TAKEOVERS
    print(f"  C-FIND, {studies:,} studies …", file=sys.stderr, flush=True)
    with postgres(SETTINGS) as server, server.database() as url:
        home = new_home(folder, catalogue=url)
        filled(url, studies, made=True).close()
        with open_archive(home) as archive:
            known(archive, {})
        with ours(home) as (port, _):
            for what, questions in _questions(studies).items():
                with asking(port, DEFAULT_TITLE) as line:
                    if not answers(line, questions[0]):
                        raise RuntimeError(f"{what}: nothing is found")
                    times = timed_each(line, [*questions[:WARM], *questions])[WARM:]
                yield Row(f"C-FIND, {studies:,} studies on PostgreSQL, {what}", _told(times), "–", "–", "p95 < 100 ms")


def _questions(studies: int) -> dict[str, list[Mapping[int, str]]]:
    """Of the takeovers that the asker has in custody: takeover 9 begins at 8/20 of the studies."""
    first = studies // TAKEOVERS * 8
    some = [first + 7 * number % (studies // TAKEOVERS) for number in range(scaled(QUERIES, least=20))]
    return {
        "of one patient": [{PATIENT_ID: pesel(each).extension} for each in some],
        "by UID": [{STUDY_UID: f"1.2.826.0.1.3680043.10.{each}"} for each in some],
        "by accession number": [{ACCESSION: f"ACC{each}"} for each in some],
        "by accession number ACC…*, all that match": [{ACCESSION: f"ACC{each // 10}*"} for each in some],
        "of one day and patient": [
            {PATIENT_ID: pesel(each).extension, STUDY_DATE: "20050101-20301231"} for each in some
        ],
    }
