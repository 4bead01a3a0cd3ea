"""The schema and its one linear history (`migrations/`), the same on both engines."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from repository.catalogue.engine import Room, place
from repository.catalogue.errors import CatalogueExists, CatalogueMissing, CatalogueNeedsUpgrade, CatalogueTooNew

_UPGRADE_LOCK = 0x45444D_01  # "EDM", 1: one upgrade at a time on a PostgreSQL database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def newest() -> str:
    """The revision that this code works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("internal: the catalogue has no migrations")
    return head


def _found(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known(revision: str) -> bool:
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def check(room: Room) -> None:
    """The catalogue is there and has exactly the schema of this code, or an error says which way it differs."""
    with room.reading() as connection:
        found = _found(connection)
    if found is None:
        raise CatalogueMissing(place=place(room.url))
    if found != newest():
        if _known(found):
            raise CatalogueNeedsUpgrade(found=found, needed=newest())
        raise CatalogueTooNew(found=found)


def upgrade(room: Room, *, to: str = "head") -> str:
    """The schema is that of `to`, in one transaction: a failed upgrade leaves the old schema.

    Returns the revision before, empty in an empty database.
    """
    with room.writing() as connection:
        if not room.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        found = _found(connection)
        if found is not None and not _known(found):
            raise CatalogueTooNew(found=found)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return found or ""


def create(room: Room) -> None:
    """A new, empty catalogue of the newest schema. Raises `CatalogueExists` where any table stands already."""
    with room.reading() as connection:
        if inspect(connection).get_table_names():
            raise CatalogueExists(place=place(room.url))
    upgrade(room)
