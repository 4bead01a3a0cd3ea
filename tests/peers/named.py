"""Another process of this machine, by a name that it made itself: at work until it is told otherwise."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """
import sys
from repository.liveness import new_name
print(new_name(), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Named:
    process: "subprocess.Popen[str]"
    name: str

    def stop(self) -> None:
        """It is stopped (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)
        assert has_stopped(self.process.pid)

    def die(self) -> None:
        """It was killed, and nobody has waited for it: a zombie."""
        self.process.kill()
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)

    def bury(self) -> None:
        """It was killed, and its number is free."""
        self.process.kill()
        self.process.wait()


def has_stopped(number: int) -> bool:
    """Whether our child is stopped, when it is that or has ended."""
    told = os.waitid(os.P_PID, number, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return told is not None and told.si_code == os.CLD_STOPPED


@contextmanager
def another(*words: str, before: str = "") -> Iterator[Named]:
    """`words`: a command that runs it; `before`: lines of Python."""
    command = [*words, sys.executable, "-c", before + _PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Named(process, process.stdout.readline().strip())
        finally:
            process.kill()


def with_part(name: str, number: int, other: str) -> str:
    """`name` with another host (0), number of the process (1), beginning (3), machine's run (4) or namespace (5, 6)."""
    parts = name.split("/")
    parts[number] = other
    return "/".join(parts)


def gone() -> str:
    """The name of a process of this machine that was killed."""
    with another() as process:
        process.bury()
        return process.name
