"""While there is nothing to decide by, or nowhere to account for it, nobody is told and given anything (R463-7.2).

A real PostgreSQL is stopped, killed and locked until it gives up; a real SQLite file is locked, made read-only and
spoilt. Each time everything is refused with the code that says what is wrong, and it works again when it is back.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from signal import SIGINT, SIGQUIT, Signals

import psycopg
import pytest
from sqlalchemy import event

from repository.access.account_query import AccountQuery
from repository.access.decision import Decision
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation
from repository.catalogue import engine
from repository.catalogue.errors import (
    CatalogueBusy,
    CatalogueDamaged,
    CatalogueError,
    CatalogueReadOnly,
    CatalogueUnavailable,
)
from repository.catalogue.query import Level, Query
from repository.delivering import Target
from repository.demands.order import Demand, DemandOrder
from repository.demands.preparing import prepare
from repository.demands.submitting import accept_or_reject, submit
from repository.demands.verifying import forward, verify
from repository.domain.demand import DemandState
from repository.domain.takeover import Item, Takeover
from repository.entitlement import give_custody
from repository.intake import Order, receive
from repository.listing import name_items
from repository.opening import Errand, Found, admit, archive_itself, judged, upkeep
from repository.retrieval import deliver
from repository.runtime import OPENINGS, Archive
from repository.searching import search
from storage.warrants import openings
from tests.builders.access import OURS, worker
from tests.builders.homes import at_home, clinic_package, new_home
from tests.faults.mounts import disk
from tests.peers.postgres import Postgres, postgres
from tests.repository.demands.making import Ticking, archivist, order, requester

pytestmark = pytest.mark.requirement("R463-7.2", "R463-10.1.2")
Attempt = Callable[[], object]
Trouble = AbstractContextManager[None]
KEEPER = archivist(organisation=worker().organisation)
ERRAND = Errand(principal=worker(), purpose=Purpose.TREATMENT, door="cli")
ANYBODY = Query(level=Level.PATIENT)


@dataclass
class House:
    """An archive with one takeover of three patients, in the custody of those who ask; `found` is what they want."""

    archive: Archive
    takeover: Takeover
    out: Path
    found: list[Found] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    _folders: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        number = self.takeover.number
        self.found = [Found(self.takeover, each) for each in self.archive.catalogue.holdings(number) if each.patient]
        self.items = list(self.archive.catalogue.items(number))

    def get(self, *, between: Callable[[], object] = lambda: None) -> list[str]:
        """The faults of what was given out; files are below `out`. `between`: done after the first file."""
        admitted = admit(self.archive, ERRAND, iter(self.found), operation=Operation.READ)
        faults = []
        for each in deliver(self.archive, admitted, Target(self.out / str(next(self._folders)))):
            faults.append(each.fault)
            if len(faults) == 1:
                between()
        return faults

    def decide(self, request: AccessRequest) -> Decision:
        return judged(self.archive, request)

    def order(self) -> DemandOrder:
        first = self.found[0].holding
        patient = self.archive.catalogue.entitling.identifiers_of(self.takeover.number, first.patient)[0]
        return order(patient=patient, takeover=self.takeover.id, requester=requester())

    def brought_to(self, state: DemandState) -> Demand:
        demand = submit(self.archive, self.order())
        accept_or_reject(self.archive, demand.id, by=KEEPER)
        if state is DemandState.FORWARDED:
            assert verify(self.archive, demand.id, decide=self.decide, by=KEEPER).decision.permitted
            forward(self.archive, demand.id, by=KEEPER)
        return demand

    def attempts(self) -> dict[str, Attempt]:
        """Each way to learn of something, to get it, or to go on with what leads to it."""
        archive, takeover = self.archive, self.takeover
        wanted, accepted = self.order(), self.brought_to(DemandState.ACCEPTED)
        forwarded = self.brought_to(DemandState.FORWARDED)
        what = [(takeover.id, self.found[0].holding.ordinal)]
        return {
            "search": lambda: search(archive, ERRAND, [ANYBODY]),
            "names": lambda: name_items(archive, ERRAND, takeover, wanted=self.items),
            "get": self.get,
            "opening": lambda: upkeep(archive, Purpose.CUSTODY, takeover=takeover.id, reason="a test"),
            "demand": lambda: accept_or_reject(archive, submit(archive, wanted).id, by=archive_itself(archive)),
            "verifying": lambda: verify(archive, accepted.id, decide=self.decide, by=KEEPER),
            "preparing": lambda: prepare(archive, forwarded.id, worker=KEEPER, holdings=what, decide=self.decide),
        }

    def traces(self) -> tuple[int, int]:
        """How many files were given, and how often a stored object was opened."""
        ledger = openings(self.archive.settings.home / OPENINGS)
        return sum(each.is_file() for each in self.out.rglob("*")), len(list(ledger))

    def accounts(self) -> int:
        return len(self.archive.catalogue.accounts.search(AccountQuery(limit=10_000)))


@contextmanager
def house(folder: Path, catalogue: str = "") -> Iterator[House]:
    with at_home(new_home(folder, catalogue=catalogue), clock=Ticking()) as archive:
        package = clinic_package(folder / "package", patients=3)
        takeover = receive(archive, Order(package), progress=lambda _: None)
        give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
        yield House(archive, takeover, folder / "out")


def assert_refused_while(known: House, trouble: Trouble, *wrong: type[CatalogueError]) -> None:
    """Each attempt is refused with one of these codes, leaves no trace, and succeeds when the trouble is over."""
    attempts = known.attempts()
    codes = {each.code for each in wrong}
    before, accounts = known.traces(), known.accounts()
    with trouble:
        for name, attempt in attempts.items():
            with pytest.raises(CatalogueError) as refused:
                attempt()
            assert refused.value.code in codes, (name, refused.value.code)
            assert known.traces() == before, name
    assert known.accounts() == accounts
    for name, attempt in attempts.items():
        seen = known.accounts()
        attempt()
        assert known.accounts() > seen, name
    files, opened = known.traces()
    assert (files, opened) == (before[0] + 2 * len(known.found), before[1] + len(known.found))  # with their proofs


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres({"synchronous_commit": "on"}) as running:  # what is acknowledged outlives the server
        yield running


@pytest.fixture
def on_postgres(server: Postgres, tmp_path: Path) -> Iterator[House]:
    with server.database() as url, house(tmp_path, url) as known:
        yield known


@pytest.fixture
def on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    kept = [each for each in engine._PRAGMAS if "busy_timeout" not in each]
    monkeypatch.setattr(engine, "_PRAGMAS", (*kept, "PRAGMA busy_timeout=50"))
    with house(tmp_path) as known:
        yield known


@contextmanager
def stopped(server: Postgres, how: Signals) -> Iterator[None]:
    server.stop(how)
    try:
        yield
    finally:
        server.start()


@pytest.mark.parametrize("how", [SIGINT, SIGQUIT])
def test_a_postgresql_that_is_stopped_or_killed_refuses(on_postgres: House, server: Postgres, how: Signals) -> None:
    assert_refused_while(on_postgres, stopped(server, how), CatalogueUnavailable)


def test_a_postgresql_that_is_stopped_amid_a_giving_out_gives_nothing_more(
    on_postgres: House, server: Postgres
) -> None:
    """What was permitted and accounted for before is one patient's; the next one is not decided any more."""
    with pytest.raises(CatalogueUnavailable):
        on_postgres.get(between=server.stop)
    files, opened = on_postgres.traces()
    assert (files, opened) == (2, 1)
    server.start()
    assert on_postgres.get() == [""] * len(on_postgres.found)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody holds what decisions are made by, and accounts are kept in, and does not let go."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE custody, permission, account, journal IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_a_postgresql_that_does_not_answer_in_time_refuses(server: Postgres, tmp_path: Path, limit: str) -> None:
    wrong = CatalogueUnavailable if limit == "statement_timeout" else CatalogueBusy
    with server.database(**{limit: "400ms"}) as url, house(tmp_path, url) as known:
        assert_refused_while(known, locked(url), wrong)


@contextmanager
def exclusively(place: str) -> Iterator[None]:
    """Another process writes, and goes on and on."""
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_an_sqlite_that_is_locked_refuses(on_sqlite: House) -> None:
    assert_refused_while(on_sqlite, exclusively(on_sqlite.archive.catalogue.place), CatalogueBusy)


@contextmanager
def read_only(known: House) -> Iterator[None]:
    """Every connection from now on may read alone."""
    room = known.archive.catalogue._room
    room.close()

    def only_reading(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON").close()

    event.listen(room.engine, "connect", only_reading)
    yield
    event.remove(room.engine, "connect", only_reading)
    room.close()


def test_an_sqlite_that_may_only_be_read_refuses(on_sqlite: House) -> None:
    assert_refused_while(on_sqlite, read_only(on_sqlite), CatalogueReadOnly)


def test_an_sqlite_on_a_disk_that_went_read_only_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 1)
    with disk(tmp_path / "disk", size="64m") as small:
        url = f"sqlite:///{small.path}/catalogue.sqlite"

        @contextmanager
        def remounted(known: House) -> Iterator[None]:
            known.archive.catalogue._room.close()
            small.remount("ro")
            yield
            known.archive.catalogue._room.close()
            small.remount("rw")

        with house(tmp_path, url) as known:
            assert_refused_while(known, remounted(known), CatalogueUnavailable, CatalogueReadOnly)


@contextmanager
def spoilt(known: House) -> Iterator[None]:
    """All pages of the file but the first are noise; then it is brought back from a copy."""
    known.archive.catalogue._room.close()
    file = Path(known.archive.catalogue.place)
    whole = file.read_bytes()
    page = int.from_bytes(whole[16:18]) or 65536  # https://www.sqlite.org/fileformat2.html, 1.3
    file.write_bytes(whole[:page] + b"\xa5" * (len(whole) - page))
    yield
    known.archive.catalogue._room.close()
    for rest in file.parent.glob(f"{file.name}-*"):
        rest.unlink()
    file.write_bytes(whole)


def test_an_sqlite_that_is_damaged_refuses(on_sqlite: House) -> None:
    assert_refused_while(on_sqlite, spoilt(on_sqlite), CatalogueDamaged)


def test_nothing_is_wrong_where_nothing_is_wrong(on_sqlite: House) -> None:
    """The attempts themselves succeed, so that a refusal above is the trouble's doing."""
    for attempt in on_sqlite.attempts().values():
        attempt()
    assert on_sqlite.traces() == (2 * len(on_sqlite.found), len(on_sqlite.found))
