"""Empty catalogues for tests: migrated once in each process, then copied. Migrating takes 0.1 s, a copy none."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from repository.catalogue.catalogue import Catalogue, create_catalogue, open_catalogue
from storage.keys.ring import write_private

SQLITE = "sqlite:///"


def place_empty_catalogue(home: Path) -> None:
    """`home` is as a `create_archive` leaves it that was cut off once its own SQLite catalogue was made; the next
    one uses it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(home / "catalogue.sqlite", _empty())


def copy_of_empty(file: Path) -> None:
    """`file` is a catalogue of the newest schema that belongs to no archive."""
    file.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory(prefix="edm-catalogue-") as folder:
        file = Path(folder) / "catalogue.sqlite"
        create_catalogue(f"{SQLITE}{file}").close()
        return file.read_bytes()


def new_catalogue(url: str) -> Catalogue:
    """As `create_catalogue`; on SQLite a copy."""
    if url.startswith(SQLITE):
        return empty_catalogue(Path(url.removeprefix(SQLITE)))
    return create_catalogue(url)


def empty_catalogue(file: Path) -> Catalogue:
    """A catalogue in a new SQLite file, of the newest schema, that belongs to no archive: open."""
    copy_of_empty(file)
    return open_catalogue(f"{SQLITE}{file}")
