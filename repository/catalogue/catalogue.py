"""The catalogue as one thing; each verb stands in the module of its subject."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from repository.catalogue import migrating
from repository.catalogue.accounts import Accounts
from repository.catalogue.assertions import Assertions
from repository.catalogue.collectors import Collectors
from repository.catalogue.commitments import Commitments
from repository.catalogue.counting import Counting
from repository.catalogue.demands import Demands
from repository.catalogue.depositing import Depositing
from repository.catalogue.desk import Clock, utc_now
from repository.catalogue.dumping import Dumping
from repository.catalogue.encodings import Encodings
from repository.catalogue.engine import Room, existing, made, place, read_url
from repository.catalogue.entitling import Entitling
from repository.catalogue.feeding import Feeding
from repository.catalogue.images import Images
from repository.catalogue.items import Items
from repository.catalogue.jobs import Jobs
from repository.catalogue.journal import Journal
from repository.catalogue.log import Log
from repository.catalogue.owners import Owners
from repository.catalogue.peering import Peering
from repository.catalogue.people import People
from repository.catalogue.reaching import Reaching
from repository.catalogue.reading import Reading
from repository.catalogue.requests_once import RequestsOnce
from repository.catalogue.runs import Runs
from repository.catalogue.search import Search
from repository.catalogue.tables import metadata
from repository.catalogue.takeovers import Takeovers
from repository.catalogue.wanting import Wanting
from repository.catalogue.writing import Writing

_DURABLE = ("fsync", "full_page_writes")  # `synchronous_commit` is ours to set, see `engine.py`


class Catalogue(Takeovers, Items, Writing, Reading, Counting, Owners, Log, Search, Runs, Dumping):
    """All verbs over one database; safe to share between threads. Those after `jobs` are parts of their own."""

    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self.jobs = Jobs(room, now=now)
        self.people = People(room, now=now)
        self.journal = Journal(room, now=now)
        self.demands = Demands(room, now=now)
        self.depositing = Depositing(room, now=now)
        self.peering = Peering(room, now=now)
        self.wanting = Wanting(room, now=now)
        self.commitments = Commitments(room, now=now)
        self.accounts = Accounts(room, now=now)
        self.entitling = Entitling(room, now=now)
        self.reaching = Reaching(room, now=now)
        self.images = Images(room, now=now)
        self.collectors = Collectors(room, now=now)
        self.assertions = Assertions(room, now=now)
        self.requests = RequestsOnce(room, now=now)
        self.feeding = Feeding(room, now=now)
        self.encodings = Encodings(room, now=now)

    @property
    def place(self) -> str:
        """Where it is, for a person; never a password."""
        return place(self._room.url)

    def not_durable(self) -> tuple[str, ...]:
        """Settings of the server that are off, so that what it said to have kept may be gone with it."""
        if self._room.sqlite:
            return ()
        asked = text("SELECT name FROM pg_settings WHERE name = ANY(:names) AND setting = 'off' ORDER BY name")
        with self._room.reading() as connection:
            return tuple(connection.execute(asked, {"names": list(_DURABLE)}).scalars())

    def close(self) -> None:
        self._room.close()


def open_catalogue(url: str, *, now: Clock = utc_now) -> Catalogue:
    """The catalogue at `url` (`sqlite:///FILE`, `postgresql://HOST/DATABASE`), of exactly this code's schema.

    Raises `CatalogueMissing`, `CatalogueNeedsUpgrade`, `CatalogueTooNew`, `CatalogueRefused`, `CatalogueUnavailable`.
    """
    room = Room(existing(read_url(url)))
    try:
        migrating.check(room)
    except BaseException:
        room.close()
        raise
    return Catalogue(room, now=now)


def create_catalogue(url: str, *, now: Clock = utc_now) -> Catalogue:
    """A new, empty catalogue at `url`, readable by this account only. Raises `CatalogueExists`."""
    room = Room(made(read_url(url)))
    try:
        migrating.create(room)
    except BaseException:
        room.close()
        raise
    return Catalogue(room, now=now)


def scratch_catalogue(file: Path) -> Catalogue:
    """An empty catalogue in a new SQLite file, to be compared and thrown away: today's tables without their history,
    and no waiting for the disk. Making the tables takes 30 ms, so that it is done once in a process, and copied."""
    url = made(read_url(f"sqlite:///{file.resolve()}"))
    file.write_bytes(_blank())
    room = Room(url)
    room.forgo_durability()
    return Catalogue(room)


@cache
def _blank() -> bytes:
    with TemporaryDirectory(prefix="edm-scratch-") as folder:
        file = Path(folder) / "blank.sqlite"
        room = Room(made(read_url(f"sqlite:///{file}")))
        try:
            with room.writing() as connection:
                metadata.create_all(connection)
        finally:
            room.close()
        return file.read_bytes()


def upgrade_catalogue(url: str) -> tuple[str, str]:
    """The catalogue at `url` has the newest schema, nothing in it lost. Returns the revisions before and after."""
    room = Room(existing(read_url(url)))
    try:
        return migrating.upgrade(room), migrating.NEWEST
    finally:
        room.close()
