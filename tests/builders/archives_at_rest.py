"""Whole archives that a test may harm: objects in memory, catalogue and key ring in a small folder, copied at will.

Every `open` starts with nothing in memory, as a new process would: key ring read, no key and no tile cached.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.clock import Clock, now
from repository.domain.takeover import Handover, Takeover
from repository.intake import Order, receive
from repository.runtime import Archive, assembled, create_archive, secret_of
from repository.settings import Settings, read_home
from storage.keys.protection import by_key_file, new_key_file
from storage.keys.ring import KeyRing, write_private
from storage.objects.memory import MemoryStore
from storage.objects.port import ObjectStore
from tests.builders.archives import write_files
from tests.builders.catalogues import place_empty_catalogue


class HarmableStore(MemoryStore):
    """A memory store behind whose back objects may be changed, as on a disk that somebody else can write to."""

    def content(self, key: str) -> bytes:
        return self._objects[key]

    def overwrite(self, key: str, content: bytes) -> None:
        """`key` holds `content`, whatever it held before."""
        self.delete(key)
        self.put(key, [content])

    def names(self, prefix: str = "") -> list[str]:
        return [held.key for held in self.list(prefix)]

    def copy(self) -> "HarmableStore":
        other = HarmableStore()
        other._objects, other._names = dict(self._objects), list(self._names)
        return other


@dataclass(frozen=True, slots=True)
class AtRest:
    """An archive that nobody has open."""

    settings: Settings
    store: HarmableStore

    @contextmanager
    def open(
        self, *, store: ObjectStore | None = None, catalogue: Catalogue | None = None, clock: Clock = now
    ) -> Iterator[Archive]:
        """The archive as a new process sees it; `store` and `catalogue` may stand before its own."""
        home = read_home(self.settings.home)
        ring = KeyRing.load(self.settings.ring_path, secret=secret_of(self.settings))
        with closing(catalogue or open_catalogue(home.catalogue)) as known:
            yield assembled(home, self.settings, store=store or self.store, ring=ring, catalogue=known, clock=clock)

    @property
    def database(self) -> Path:
        return self.settings.home / "catalogue.sqlite"

    def copy(self, folder: Path) -> "AtRest":
        """The same archive once more, in `folder`."""
        shutil.copytree(self.settings.home, folder / "home")
        return AtRest(replace(self.settings, home=folder / "home"), self.store.copy())

    def sql(self, statement: str, *values: Any) -> int:
        """The statement done behind the archive's back, no key and no trigger minded; how many rows it changed."""
        with closing(sqlite3.connect(self.database)) as database:
            triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                database.execute(f"DROP TRIGGER {name}")
            changed = database.execute(statement, values).rowcount
            for _, made in triggers:
                database.execute(made)
            database.commit()
        return changed

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query, values).fetchall()

    def receive(self, package: Path, *, given: Handover | None = None, store: ObjectStore | None = None) -> Takeover:
        with self.open(store=store) as archive:
            return receive(archive, Order(package, given=given), progress=lambda _: None)


def at_rest(folder: Path, *, workers: int = 2) -> AtRest:
    """A new, empty archive in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    key_file = folder / "key"
    write_private(key_file, new_key_file())
    settings = Settings(home=folder / "home", key_file=key_file, workers=workers)
    place_empty_catalogue(settings.home)
    create_archive(settings, protection=by_key_file(key_file.read_bytes()), store="memory:")
    return AtRest(settings, HarmableStore())


def bare_package(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder of `files`, without any declaration."""
    folder.mkdir(parents=True)
    return write_files(folder, files)
