"""What filtering costs a search of a million studies: the same question with a reach and without, in turns.

    python -m benchmarks.reaching --rows 1000000

Both engines (`benchmarks/studies.py`); each question is asked of a warm database, as
the doors ask it (`Catalogue.search`: the page, its counts and modalities). The reach is made beforehand; what gathering
its facts costs is a line of its own.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import quantiles

from sqlalchemy import event

from benchmarks.measuring import Row, median
from benchmarks.studies import ENGINES, PROTECTED, TAKEOVERS, pesel, protect
from repository.access.purpose import Purpose
from repository.access.reach import Reach, reach
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.access.subject import Operation
from repository.catalogue.catalogue import Catalogue
from repository.catalogue.conditions import leads
from repository.catalogue.grounding import grounded
from repository.catalogue.paging import page_statements
from repository.catalogue.query import Level, Query
from repository.catalogue.seeing import Sight
from repository.domain.describing import Identifier
from tests.builders.access import AT, acting, patient, request, worker

STUDIES, ROUNDS = 1_000_000, 41
WARM = 12  # psycopg prepares what it has been asked five times, PostgreSQL plans that for good after five more
AIM = 1.3


def requests(studies: int) -> dict[str, AccessRequest]:
    own = patient(pesel(studies // 2))
    search = {"operation": Operation.SEARCH}
    return {
        "custodian of 3 of 20 takeovers": request(acting(), purpose=Purpose.CUSTODY, **search),
        "custodian who treats, with consents": request(worker(), purpose=Purpose.TREATMENT, **search),
        "patient's own": request(own, purpose=Purpose.PATIENT_REQUEST, **search),
        "consent to one class and one to all": request(acting(), purpose=Purpose.TREATMENT, **search),
        "everything (emergency)": request(worker(), purpose=Purpose.EMERGENCY, reason="unconscious", **search),
    }


def questions(studies: int, catalogue: Catalogue, whose: Identifier | None = None) -> dict[str, Query]:
    """Of which each finds something in the middle of takeover 9; by the patient id of `whose`, if that is said."""
    middle = studies // TAKEOVERS * 8 + studies // TAKEOVERS // 2
    deep = catalogue.search(Query(level=Level.STUDY, takeovers=(9,), patient=studies // TAKEOVERS // 4, limit=1))
    if not deep.next:
        raise RuntimeError("the archive is too small for a deep page")
    return {
        "by patient id": Query(level=Level.STUDY, patient_id=(whose or pesel(middle)).extension),
        "of ten days, 100 at most": Query(level=Level.STUDY, dates="20100101-20100110", limit=100),
        "by accession number A*": Query(level=Level.STUDY, accession_number=f"ACC{middle // 100}*", limit=100),
        "first page of all": Query(level=Level.STUDY, limit=100),
        "deep page of all": Query(level=Level.STUDY, limit=100, after=deep.next),
    }


def _theirs(said: AccessRequest, studies: int) -> Identifier | None:
    """Whom the asker may see, so that a question by patient id costs its counts on either side."""
    if said.purpose is Purpose.PATIENT_REQUEST:
        return said.principal.identifier
    return pesel(studies // 4 + 2) if said == requests(studies)["consent to one class and one to all"] else None


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of rounds in turns, each once `plain` and once `filtered`, now the one first and now the other;
    `worked`: medians of processor time, ours and the server's, which shows less of what else the machine does;
    `asked`: statements of either; `found` hits on the filtered page."""

    engine: str
    who: str
    what: str
    plain: tuple[float, ...]
    filtered: tuple[float, ...]
    worked: tuple[float, float]
    asked: tuple[int, int]
    found: int

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return median([*self.filtered]) / median([*self.plain])

    @property
    def work(self) -> float:
        """The ratio of processor time."""
        return self.worked[1] / self.worked[0]

    @property
    def spread(self) -> tuple[float, float]:
        """The middle half of the ratios of single rounds."""
        low, _, high = quantiles([ours / theirs for ours, theirs in zip(self.filtered, self.plain, strict=True)], n=4)
        return low, high


def _once(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


class _Worked:
    """Milliseconds of processor time of this thread, and of the server's process that serves it (Linux)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._server: Path | None = None
        room = catalogue._room  # noqa: SLF001  what no verb of the catalogue tells
        if not room.sqlite:
            with room.reading() as connection:
                own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            self._server = Path(f"/proc/{own}/schedstat")

    def so_far(self) -> float:
        served = int(self._server.read_text().split()[0]) if self._server else 0
        return (time.thread_time_ns() + served) / 1e6


def _in_turns(catalogue: Catalogue, query: Query, seen: Reach) -> tuple[list[list[float]], tuple[float, float]]:
    works = (partial(catalogue.search, query), partial(catalogue.search, query, seen))
    for _ in range(WARM):
        for work in works:
            work()
    times: list[list[float]] = [[], []]
    worked: list[list[float]] = [[], []]
    clock = _Worked(catalogue)
    for turn in range(ROUNDS):
        for place in (0, 1) if turn % 2 else (1, 0):
            before = clock.so_far()
            times[place].append(_once(works[place]))
            worked[place].append(clock.so_far() - before)
    return times, (median(worked[0]), median(worked[1]))


def _asked(catalogue: Catalogue, query: Query, seen: Reach | None) -> int:
    """How many statements a search makes."""
    counted: list[object] = []
    engine = catalogue._room.engine  # noqa: SLF001  what no verb of the catalogue tells

    def count(*told: object) -> None:
        counted.append(told)

    event.listen(engine, "after_cursor_execute", count)
    catalogue.search(query, seen)
    event.remove(engine, "after_cursor_execute", count)
    return len(counted)


def measured(catalogue: Catalogue, studies: int, engine: str) -> Iterator[Measured]:
    for protected in (False, True):
        if protected:
            protect(catalogue, studies)
        for who, said in requests(studies).items():
            seen = _reach(catalogue, said)
            name = f"{who}, {PROTECTED} protected" if protected else who
            for what, query in questions(studies, catalogue, _theirs(said, studies)).items():
                (plain, filtered), worked = _in_turns(catalogue, query, seen)
                asked = _asked(catalogue, query, None), _asked(catalogue, query, seen)
                found = len(catalogue.search(query, seen).hits)
                yield Measured(engine, name, what, tuple(plain), tuple(filtered), worked, asked, found)


def gathering(catalogue: Catalogue, studies: int, engine: str) -> Iterator[Row]:
    """What it takes to gather all that bears on a search, which it does before it asks."""
    for who, said in requests(studies).items():
        cost = median([_once(partial(_reach, catalogue, said)) for _ in range(ROUNDS)])
        yield Row(f"{engine}, {who}: gathering its facts", f"{cost:.2f} ms", "–", "–", "–")


def _reach(catalogue: Catalogue, said: AccessRequest) -> Reach:
    return reach(said, catalogue.reaching.facts_for_search(said.principal), rules=rules_at(AT.date()))


def plans(catalogue: Catalogue, studies: int) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(who, what, tables of studies, patients or identifiers that PostgreSQL reads whole for it)."""
    from benchmarks.catalogue_plan import explain

    for who, said in requests(studies).items():
        seen = _reach(catalogue, said)
        for what, query in questions(studies, catalogue).items():
            with catalogue._room.reading() as connection:  # noqa: SLF001  the statement as the search puts it
                sight = Sight(grounded(connection, seen), connection.dialect, led=leads(query, connection.dialect))
                for statement in chain.from_iterable(page_statements(query, connection, sight)):
                    yield who, what, explain(connection, what, statement).scanned


def run(studies: int, engine: str) -> tuple[list[Measured], list[Row]]:
    """All questions of all askers, and what gathering costs."""
    whole = max(1, studies // (2 * TAKEOVERS)) * 2 * TAKEOVERS
    with ENGINES[engine](whole) as catalogue, closing(catalogue):
        return list(measured(catalogue, whole, engine)), list(gathering(catalogue, whole, engine))


def reaching(_folder: Path) -> list[Row]:
    """For each engine and kind of question the asker whose ratio is worst. EDM_BENCH_STUDIES may be fewer."""
    studies, found = int(os.environ.get("EDM_BENCH_STUDIES", STUDIES)), list[Row]()
    for engine in ENGINES:
        cells, facts = run(studies, engine)
        within = sum(each.ratio <= AIM for each in cells)
        for what in dict.fromkeys(each.what for each in cells):
            asked = [each for each in cells if each.what == what]
            found.append(_row(max(asked, key=lambda each: each.ratio), studies, of=len(asked)))
        worst, work = max(each.ratio for each in cells), max(each.work for each in cells)
        found.append(Row(f"{engine}: {within} of {len(cells)} filtered searches within the aim", "–", "–",
            f"worst {worst:.2f} (processor {work:.2f})", f"≤ {AIM}"))  # fmt: skip
        found += facts
    return found


def _row(worst: Measured, studies: int, *, of: int) -> Row:
    low, high = worst.spread
    what = f"{worst.engine}, {studies:,} studies, {worst.what}, filtered; worst of {of} askers: {worst.who}"
    ours, plain = median([*worst.filtered]), median([*worst.plain])
    ratio = f"{worst.ratio:.2f} (rounds {low:.2f} to {high:.2f}; processor {worst.work:.2f})"
    return Row(what, f"{ours:.2f} ms", f"{plain:.2f} ms unfiltered", ratio, f"≤ {AIM}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=STUDIES)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    said = parser.parse_args()
    for engine in said.engine or ENGINES:
        for each in run(said.rows, engine)[0]:
            low, high = each.spread
            print(
                f"{each.engine:11} {each.who:52} {each.what:28} {median([*each.plain]):8.2f} ms "
                f"{median([*each.filtered]):8.2f} ms {each.ratio:6.2f} ({low:.2f} to {high:.2f}) {each.work:5.2f} "
                f"{each.asked[0]:3}{each.asked[1]:3} {each.found:4}",
                flush=True,
            )
