"""Several processes that answer, watched by the one that started them: what the doors have in common.

Each opens the archive for itself. A process that dies is started again; one that cannot start at all stops the whole.
When the parent is told to stop, or is gone, each process finishes its running answers, within the grace, and ends.

They are forked from one process that has imported what answers and has done nothing else: no thread of ours, no open
archive, no key. So each starts in the time of a fork, and they share the memory of the program.
"""

import gc
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

from repository.errors import ProcessesDied
from repository.home_lock import in_use
from repository.runtime import Archive, open_archive
from repository.settings import Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT)  # what ends the serving
YOUNG = 10.0  # seconds; whoever dies so early will do it again
MOST_DEATHS = 5  # of the young, in a row
OVERTIME = 15.0  # seconds beyond the grace, for closing the archive
_FORKED = get_context("forkserver")
_log = logging.getLogger("repository.processes")


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps a process alive: when its other end is closed, by whatever, the process stops as by a signal.
    `number`: of the process among those of its crew, from 1 on; whoever is started in its place has it too."""

    number: int
    _line: Connection = field(repr=False)

    def ready(self) -> None:
        """Requests are taken. The parent may have let go meanwhile; then `released` ends the serving."""
        with suppress(OSError):
            self._line.send("ready")

    def released(self, stop: Callable[[], None]) -> None:
        """`stop` is called, in a thread of its own, when the parent has let go."""
        threading.Thread(target=self._held, args=(stop,), name="hold", daemon=True).start()

    def _held(self, stop: Callable[[], None]) -> None:
        try:
            while True:
                self._line.recv()
        except (EOFError, OSError):
            stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """`count` processes that do the same. `run`: a function of a module, for each of them, with the archive that is
    open in it, `arguments` and its `Hold`; it returns after a signal, or once it is released. `grace`: seconds that it
    takes at most. `imports`: modules that `run` needs. `let_go`: closes what the parent has of theirs when they stop.
    """

    name: str
    count: int
    run: Callable[..., None]
    arguments: tuple[Any, ...]
    grace: float
    imports: tuple[str, ...] = ()
    let_go: Callable[[], None] = lambda: None


class _Child:
    def __init__(self, crew: Crew, number: int, begin: tuple[Settings, Callable[[], None]]) -> None:
        self.crew, self.number = crew, number
        self.hold, theirs = _FORKED.Pipe()
        self.born, self.ready = time.monotonic(), False
        self.process: ForkServerProcess = _FORKED.Process(
            target=_begun, args=(begin, crew.run, crew.arguments, Hold(number, theirs)), name=crew.name
        )
        with _unheard():
            self.process.start()
        theirs.close()

    def hear(self) -> None:
        """It says one word, once it takes requests."""
        try:
            self.ready = self.ready or (self.hold.poll() and self.hold.recv() == "ready")
        except EOFError:
            return

    def end(self, seconds: float) -> None:
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def watch(
    settings: Settings,
    crews: Sequence[Crew],
    *,
    begin: Callable[[], None],
    listening: Callable[[], None] = lambda: None,
) -> None:
    """The crews have answered until a signal. `begin`: a function of a module, called first in each process;
    `listening` is told once all of them take requests. Raises `ProcessesDied` where they cannot live."""
    stopping = threading.Event()
    _FORKED.set_forkserver_preload([name for crew in crews for name in crew.imports])
    children = list[_Child]()
    with signalled(stopping):
        try:
            for crew in crews:
                for each in range(crew.count):
                    children.append(_Child(crew, each + 1, (settings, begin)))
            _watch(children, lambda one: _Child(one.crew, one.number, (settings, begin)), stopping, listening)
        finally:
            for crew in crews:
                crew.let_go()  # a socket: else the machine would go on taking connections that nobody answers
            for child in children:
                child.hold.close()
            began = time.monotonic()
            for child in children:
                child.end(max(0.0, began + child.crew.grace + OVERTIME - time.monotonic()))


def _watch(
    children: list[_Child],
    born: Callable[[_Child], _Child],
    stopping: threading.Event,
    listening: Callable[[], None],
) -> None:
    told, deaths = False, 0
    while not stopping.is_set():
        wait([each.process.sentinel for each in children] + [each.hold for each in children if not each.ready], 0.5)
        for place, child in enumerate(children):
            child.hear()
            if child.process.is_alive() or stopping.is_set():
                continue
            deaths = deaths + 1 if time.monotonic() - child.born < YOUNG else 0
            _log.error("a process that answers (%s) has died (exit %s)", child.crew.name, child.process.exitcode)
            child.hold.close()
            if deaths >= MOST_DEATHS:
                raise ProcessesDied(code=str(child.process.exitcode))
            children[place] = born(child)
        if not told and all(each.ready for each in children):
            told = True
            listening()


@contextmanager
def signalled(stopping: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stopping` meanwhile. Whoever waits for it looks up now and then: a signal that another
    thread was given does not wake it."""
    before = {each: signal.signal(each, lambda *_: stopping.set()) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _unheard() -> Iterator[None]:
    """A process that is started meanwhile hears no SIGTERM. Where all processes are sent one, the one that is forked
    must live on: with it we would lose sight of those that still finish their answers."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begun(
    begin: tuple[Settings, Callable[[], None]],
    run: Callable[[Archive, tuple[Any, ...], Hold], None],
    arguments: tuple[Any, ...],
    hold: Hold,
) -> None:
    """One of the processes, from its beginning to its end."""
    settings, prepare = begin
    gc.freeze()  # the program, which is shared: to look through it for garbage would copy 33 MB of it for each process
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    prepare()
    with in_use(settings.home), open_archive(settings) as archive:
        run(archive, arguments, hold)
