"""An archive for a verb: settings from the environment, the secret from a file or from a person at a terminal."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.screen import Screen, unseen

if TYPE_CHECKING:
    from repository.domain.takeover import Takeover
    from repository.runtime import Archive
    from repository.settings import Settings

DOOR = "cli"  # as accounts name it
_UUID_START = re.compile(r"[0-9a-f]{1,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")


def settings() -> "Settings":
    from repository.settings import from_environment

    return from_environment(os.environ)


@contextmanager
def opened(screen: Screen, *, writes: bool = False) -> Iterator["Archive"]:
    """The archive of this environment; its catalogue is not replaced meanwhile. With `writes`, no other process of this
    machine writes to it either. Raises `HomeUnderRebuild`, `HomeBusy`."""
    from contextlib import nullcontext

    from repository.home_lock import in_use, sole_writer
    from repository.runtime import open_archive
    from repository.settings import read_home

    found = settings()
    read_home(found.home)
    secret = asked(screen) if not (found.key_file or found.passphrase_file) and sys.stdin.isatty() else None
    alone = sole_writer(found.home) if writes else nullcontext()
    with in_use(found.home), alone, open_archive(found, secret=secret) as archive:
        yield archive


def asked(screen: Screen, *, again: bool = False) -> bytes:
    """A passphrase that a person types, unseen."""
    words = {
        ("en", False): "Passphrase of the key ring: ",
        ("en", True): "The same passphrase again: ",
        ("pl", False): "Hasło pęku kluczy: ",
        ("pl", True): "To samo hasło ponownie: ",
    }
    return unseen(words[screen.language, again]).encode()


def takeover_named(archive: "Archive", wanted: str) -> "Takeover":
    """The takeover whose id starts with `wanted`. What cannot be the beginning of an id is not repeated."""
    from repository.catalogue.errors import TakeoverUnknown

    if not _UUID_START.fullmatch(wanted.lower()):
        raise TakeoverUnknown(wanted="")
    return archive.catalogue.takeover(wanted.lower())


def takeover_id(archive: "Archive", wanted: str) -> str:
    """The whole id of the takeover that `takeover_named` gives; empty where none is named."""
    return takeover_named(archive, wanted).id if wanted else ""
