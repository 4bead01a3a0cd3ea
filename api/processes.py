"""Several processes that answer on one socket, watched by the one that started them.

Each opens the archive for itself. A process that dies is started again; one that cannot start at all stops the whole.
When the parent is told to stop, or is gone, each process finishes its running answers, within the grace, and ends.

They are forked from one process that has imported what answers and has done nothing else: no thread of ours, no open
archive, no key. So each starts in the time of a fork, and they share the memory of the program.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

from api.callers.identities import identities_at
from api.errors import ProcessesDied
from api.listening import bound
from api.logs import log_to
from api.settings import SIGNALS, HttpSettings
from repository.home_lock import in_use
from repository.runtime import open_archive
from repository.settings import Settings

YOUNG = 10.0  # seconds; whoever dies so early will do it again
MOST_DEATHS = 5  # of the young, in a row
OVERTIME = 15.0  # seconds beyond the grace, for closing the archive
_KEPT = ["api.serving"]  # what the process that is forked has imported
_FORKED = get_context("forkserver")
_log = logging.getLogger("api.processes")


class _Child:
    """`hold` keeps it alive: when its other end is closed, by whatever, the process stops as by a signal."""

    def __init__(self, settings: Settings, http: HttpSettings, listening: socket.socket) -> None:
        self.hold, theirs = _FORKED.Pipe()
        self.born, self.ready = time.monotonic(), False
        self.process: ForkServerProcess = _FORKED.Process(
            target=_answer, args=(settings, http, listening, theirs), name="door"
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


def serve_many(settings: Settings, http: HttpSettings, *, listening: Callable[[], None] = lambda: None) -> None:
    """Serves by `http.processes` processes until a signal. Raises `AddressNotFree`, `IdentityFileWrong`, and
    `ProcessesDied` where they cannot live."""
    identities_at(settings.home, told=http.identity)  # told once, here, and not by each that dies of it
    stopping = threading.Event()
    _FORKED.set_forkserver_preload(_KEPT)
    with bound(http) as socket_, _signals(stopping):
        children = [_Child(settings, http, socket_) for _ in range(http.processes)]
        try:
            _watch(children, lambda: _Child(settings, http, socket_), stopping, listening)
        finally:
            socket_.close()  # else the machine would go on taking connections that nobody answers
            for child in children:
                child.hold.close()
            until = time.monotonic() + http.grace + OVERTIME
            for child in children:
                child.end(max(0.0, until - time.monotonic()))


def _watch(
    children: list[_Child], born: Callable[[], _Child], stopping: threading.Event, listening: Callable[[], None]
) -> None:
    told, deaths = False, 0
    while not stopping.is_set():
        wait([each.process.sentinel for each in children] + [each.hold for each in children if not each.ready], 0.5)
        for place, child in enumerate(children):
            child.hear()
            if child.process.is_alive() or stopping.is_set():
                continue
            deaths = deaths + 1 if time.monotonic() - child.born < YOUNG else 0
            _log.error("a process that answers has died (exit %s)", child.process.exitcode)
            child.hold.close()
            if deaths >= MOST_DEATHS:
                raise ProcessesDied(code=str(child.process.exitcode))
            children[place] = born()
        if not told and all(each.ready for each in children):
            told = True
            listening()


@contextmanager
def _signals(stopping: threading.Event) -> Iterator[None]:
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


def _answer(settings: Settings, http: HttpSettings, listening: socket.socket, hold: Connection) -> None:
    """One of the processes, from its beginning to its end."""
    from api.serving import serve  # the parent only watches: it needs nothing of it

    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    log_to()
    with in_use(settings.home), open_archive(settings) as archive:
        serve(
            archive,
            http,
            sockets=[listening],
            listening=lambda: _say_ready(hold),
            stopped=lambda stop: threading.Thread(target=_held, args=(hold, stop), name="hold", daemon=True).start(),
        )


def _say_ready(hold: Connection) -> None:
    """The parent may have let go meanwhile; then `_held` ends the serving."""
    with suppress(OSError):
        hold.send("ready")


def _held(hold: Connection, stop: Callable[[], None]) -> None:
    """Returns, after `stop`, when the parent has let go."""
    try:
        while True:
            hold.recv()
    except (EOFError, OSError):
        stop()
