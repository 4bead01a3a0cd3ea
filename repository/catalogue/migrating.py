"""The schema and its one linear history (`migrations/`), the same on both engines."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from repository.catalogue.beginning import LIMITED
from repository.catalogue.engine import Room, place
from repository.catalogue.errors import CatalogueExists, CatalogueMissing, CatalogueNeedsUpgrade, CatalogueTooNew

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0017"
"""The revision that this code works with: the head of `migrations/`, which a test holds it to. Alembic takes
0.13 s to import, so it is asked only when there is something to migrate."""

_UPGRADE_LOCK = 0x45444D_01  # "EDM", 1: one upgrade at a time on a PostgreSQL database


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def revisions() -> list[str]:
    """All revisions there are, the newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _found(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def check(room: Room) -> None:
    """The catalogue is there and has exactly the schema of this code, or an error says which way it differs."""
    with room.reading() as connection:
        found = _found(connection)
    if found is None:
        raise CatalogueMissing(place=place(room.url))
    if found != NEWEST:
        if found in revisions():
            raise CatalogueNeedsUpgrade(found=found, needed=NEWEST)
        raise CatalogueTooNew(found=found)


def upgrade(room: Room, *, to: str = "head") -> str:
    """The schema is that of `to`, in one transaction: a failed upgrade leaves the old schema.

    Returns the revision before, empty in an empty database.
    """
    with room.writing() as connection:
        if not room.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            if not connection.info[LIMITED]:  # ours is for what writes a little; a large catalogue takes longer
                connection.execute(text("SET LOCAL transaction_timeout = 0"))
        found = _found(connection)
        if found is not None and found not in revisions():
            raise CatalogueTooNew(found=found)
        from alembic import command

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
