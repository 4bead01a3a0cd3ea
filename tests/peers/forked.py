"""The program's command line in a process of its own, forked from one in which it has been imported.

To import both doors takes a processor two seconds, and what such a test looks at, a tenth of one. A process is as
another: its own descriptors, signals, environment and warnings; the ones that it starts are its own. What is said of
the interpreter's start itself is tested where the command is run as installed (`tests.cli.running`).
"""

import multiprocessing
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import BinaryIO

import pytest

from repository.settings import Settings
from tests.builders.homes import environment_of
from tests.cli.running import clean_environment

PATIENCE = 60.0  # seconds
IMPORTED = ("cli.main", "cli.serve", "api.serving", "dicom_gateway.serving", __name__)


@dataclass(frozen=True)
class Forked:
    """A process that `forked` has started."""

    process: BaseProcess
    said: BinaryIO
    """What it writes as its output, line by line as it comes."""
    complained: Path
    """Where it writes its errors to."""

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self.process.exitcode

    def wait(self, seconds: float = PATIENCE) -> int:
        self.process.join(seconds)
        assert self.process.exitcode is not None, self.complained.read_text()
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.process.kill()


@contextmanager
def forked(
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    before: Callable[[], None] | None = None,
    alone: bool = False,
) -> Iterator[Forked]:
    """`edm-archive WORDS`, once `before` has been called in its process, which is the first of a session of its own if
    it is to be `alone`. Killed at the end if it still runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    here, there = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="edm") as folder, os.fdopen(os.dup(here.fileno()), "rb") as said:
        complained = Path(folder) / "stderr"
        process = context.Process(target=_run, args=(list(words), dict(environment), there, complained, before, alone))
        process.start()
        here.close()
        there.close()
        running = Forked(process, said, complained)
        try:
            yield running
        finally:
            running.kill()
            process.join(PATIENCE)


def _run(
    words: list[str],
    environment: dict[str, str],
    output: Connection,
    complained: Path,
    before: Callable[[], None] | None,
    alone: bool,
) -> None:
    if alone:
        os.setsid()
    os.dup2(output.fileno(), 1)
    output.close()
    with complained.open("wb") as errors:
        os.dup2(errors.fileno(), 2)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # asked again
    warnings.simplefilter("error")
    sys.argv = ["edm-archive", *words]
    if before is not None:
        before()
    from cli.main import main  # where it is imported already

    main()


@contextmanager
def serve(
    settings: Settings,
    *words: str,
    before: Callable[[], None] | None = None,
    alone: bool = False,
    beside: Mapping[str, str] | None = None,
    **more: object,
) -> Iterator[Forked]:
    """`edm-archive serve`, which has said where it listens: at what `more` sets, in an environment that has what is
    `beside` as well. Fails the test where it has not."""
    environment = clean_environment() | environment_of(settings, LANG="en", **more) | dict(beside or {})
    doors = [str(more[name]) for name in ("HTTP_LISTEN", "DICOM_LISTEN") if name in more]
    with forked(["serve", *words], environment, before=before, alone=alone) as process:
        told = "".join(process.said.readline().decode() for _ in doors)
        if not all(door in told for door in doors):
            process.kill()
            pytest.fail(told + process.complained.read_text())
        yield process
