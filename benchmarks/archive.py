"""An archive of its own for each round."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repository.runtime import Archive, create_archive, open_archive
from repository.settings import Settings
from storage.keys.protection import by_key_file, new_key_file
from storage.keys.ring import write_private


@contextmanager
def fresh_archive(folder: Path, *, workers: int) -> Iterator[Archive]:
    key_file = folder / "key"
    content = new_key_file()
    write_private(key_file, content)
    settings = Settings(home=folder / "home", key_file=key_file, workers=workers)
    create_archive(settings, protection=by_key_file(content))
    with open_archive(settings) as archive:
        yield archive
