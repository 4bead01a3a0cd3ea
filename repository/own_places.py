"""Where the archive's own files lie: what is taken over must not be the archive."""

import os
from pathlib import Path

from repository.packages.errors import PackageIsArchive
from repository.settings import Settings, read_home
from storage.objects.registry import folder_of


def must_lie_apart(settings: Settings, package: Path) -> None:
    """Raises `PackageIsArchive` for a package that is or holds the home, the folder of objects or a file with keys of
    the archive, or that lies among its objects. One that lies in the home, apart from those, is like any other.

    A link in a package is never followed, so that where its own path leads to is all that has to be asked.
    """
    place = _real(package)
    store = folder_of(read_home(settings.home).store)
    own = (settings.home, store, settings.ring_path, settings.key_file, settings.passphrase_file)
    among_objects = store is not None and place.is_relative_to(_real(store))
    if among_objects or any(_real(each).is_relative_to(place) for each in own if each is not None):
        raise PackageIsArchive(path=str(package))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # not `resolve`, which raises a fault of its own for links in a circle
