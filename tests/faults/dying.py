"""An intake in a process of its own that kills itself at a chosen step.

Nothing in the product knows of this: the parts are wrapped here and put together by `repository.runtime.assembled`.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import NoReturn

from sqlalchemy import event

from repository import settling
from repository.catalogue.catalogue import open_catalogue
from repository.intake import Order, protocol_of, receive
from repository.journal import note_all, publish
from repository.runtime import Archive, assembled, secret_of, store_at
from repository.settings import Settings, read_home
from storage.keys.ring import KeyRing
from tests.builders.deeds import some_of_each

PATIENCE = 100.0  # seconds for a process to die; it takes one


@dataclass(frozen=True)
class Death:
    """SIGKILL before (or right after) the `call`th call of `part`.`method` that names `naming`."""

    step: str  # in words
    part: str
    method: str
    naming: str = ""
    call: int = 1
    after: bool = False
    inside: bool = False  # of a catalogue's method: when all is written, and nothing committed

    def __str__(self) -> str:
        return self.step.replace(" ", "-")


class Grim:
    """Counts the calls that a `Death` means, and brings it."""

    def __init__(self, death: Death) -> None:
        self.death = death
        self._calls, self._trying = 0, False
        self._lock = threading.Lock()
        self._here = threading.local()

    def watch(self, part: object) -> None:
        original: Callable[..., object] = getattr(part, self.death.method)

        def watched(*args: object, **named: object) -> object:
            if not self._is_meant(args, named):
                return original(*args, **named)
            if not (self.death.after or self.death.inside):
                die()
            self._here.now = self.death.inside
            try:
                original(*args, **named)
            except BaseException:
                self._not_yet()
                raise
            return die()

        setattr(part, self.death.method, watched)

    def _not_yet(self) -> None:
        """The call failed, as one does that others have overtaken: the next one is meant."""
        self._here.now = False
        with self._lock:
            self._trying = False

    def before_commit(self, _connection: object) -> None:
        if getattr(self._here, "now", False):
            die()

    def _is_meant(self, args: tuple[object, ...], named: dict[str, object]) -> bool:
        if self.death.naming not in f"{args[:1]} {named}":
            return False
        with self._lock:
            self._calls += 1
            if self._calls < self.death.call or self._trying:
                return False
            self._trying = True
            return True


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("dead")


def put_together(settings: Settings, death: Death) -> Archive:
    """The archive as the product puts it together, with one deadly part."""
    home, grim = read_home(settings.home), Grim(death)
    ring = KeyRing.load(settings.ring_path, secret=secret_of(settings))
    store, catalogue = store_at(home, settings), open_catalogue(home.catalogue)
    archive = assembled(home, settings, store=store, ring=ring, catalogue=catalogue)
    if death.part != "nobody":
        grim.watch(attrgetter(death.part)(archive))
    if death.inside:
        event.listen(catalogue._room.engine, "commit", grim.before_commit)
    return archive


def intake(settings: Settings, package: Path, death: Death) -> None:
    archive = put_together(settings, death)
    takeover = receive(archive, Order(package), progress=lambda _: None, forking=True)
    if death.part == "nobody":
        die()
    protocol_of(archive, takeover)


def intake_in_groups(settings: Settings, package: Path, death: Death, *, of: int) -> None:
    """As `intake`, with consents settled in groups of so many."""
    settling._AT_ONCE = of
    intake(settings, package, death)


def noting(settings: Settings, _package: Path, death: Death) -> None:
    """Three deeds, then the journal is published."""
    archive = put_together(settings, death)
    note_all(archive, some_of_each()[:3])
    publish(archive)


Work = Callable[[Settings, Path, Death], None]


def killed(settings: Settings, package: Path, death: Death, *, work: Work = intake) -> bool:
    """Whether `work` came to the step of `death` and died there; if not, it went through."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=work, args=(settings, package, death))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0
