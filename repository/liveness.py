"""Who a process is, and whether it is surely gone: asked before anybody takes what another began.

A name says which machine's run it is (`boot_id`), in which namespaces numbers of processes and times are counted, the
number, and when the process began: a number is given out again, a number with its beginning is not. What is promised:

* Of whom `surely_gone` says yes, nothing runs any more: it was a process of this machine, since its last start, counted
  as we count, and all of its threads have ended. Nothing of it writes to a file or sends to a server after that; what a
  server was sent before, it may still be doing.
* In every doubt it says no: another machine or one that was started again (which look alike), another container, a
  name of an earlier release, no /proc (macOS) or one that is not ours to read, a process whose leader has ended while
  a thread of it is in a system call, one that is stopped (SIGSTOP).

A yes is a yes for ever; a no may be a yes a moment later. It is of a process and not of those that it forked: whoever
forks writers has to wait for their end, or let each have a name of its own. Of a machine that was copied while it ran,
both copies are one machine here unless their host names differ.
"""

import os
import re
import secrets
import socket
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

_PROC = Path("/proc")
_NAME = re.compile(r"([^/]*)/([1-9][0-9]{0,8})/[0-9a-f]+/([0-9]+)/([^/]+)/([^/]+)/([^/]+)")
_ENDED = (b"Z", b"X")  # proc(5): a zombie, which nobody has waited for yet, and one that is being cleared away


@dataclass(frozen=True, slots=True)
class _Here:
    """Where a number of a process and its beginning say which one is meant: nowhere else."""

    host: str
    boot: str
    numbers: str  # the namespace of their numbers, pid_namespaces(7): its inode is its own while anybody lives in it
    times: str  # the namespace of times, time_namespaces(7), by which the beginning is told


@dataclass(frozen=True, slots=True)
class _Stat:
    """Of /proc/PID/stat, proc(5): fields 3, 20 and 22."""

    state: bytes
    threads: int
    began: int  # clock ticks since the machine was started

    @property
    def ended(self) -> bool:
        """With all its threads. A leader may be a zombie while another thread is still in the kernel, writing."""
        return self.state in _ENDED and self.threads <= 1


def new_name() -> str:
    """A name for something that this process does: no other has it, and `surely_gone` knows this process by it, where
    that can be known at all. Made anew each time, since a fork has a name of its own."""
    name = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
    here = _here()
    mine = None if here is None else _stat(os.getpid())
    return name if here is None or mine is None else "/".join((name, str(mine.began), *astuple(here)[1:]))


def surely_gone(name: str) -> bool:
    """Whether the process that made `name` was one of this machine and has ended, for certain."""
    read = _NAME.fullmatch(name)
    if read is None:
        return False
    host, number, began, *places = read.groups()
    if _here() != _Here(host, *places):
        return False
    found = _stat(int(number))
    if found is not None:
        return found.began != int(began) or found.ended
    return _nobody_has(int(number))


def _here() -> _Here | None:
    """None where it cannot be told, or where /proc is of another namespace than ours: its numbers are not ours."""
    with suppress(OSError, ValueError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        numbers, status = str((_PROC / "self/ns/pid").readlink()), (_PROC / "self/status").read_bytes()
        counted = re.search(rb"^NSpid:\t([0-9]+)$", status, re.MULTILINE)  # one number: there is no namespace between
        if boot and counted is not None and int(counted[1]) == os.getpid():
            return _Here(socket.gethostname(), boot, numbers, _times())
    return None


def _times() -> str:
    try:
        return str((_PROC / "self/ns/time").readlink())
    except FileNotFoundError:  # Linux before 5.6 has none, for any process
        return "none"


def _stat(number: int) -> _Stat | None:
    """None where it cannot be read: nobody has the number, or it is not ours to look at (hidepid)."""
    with suppress(OSError, ValueError, IndexError):
        # The name of the program, in brackets, may hold anything, brackets and spaces too.
        fields = (_PROC / str(number) / "stat").read_bytes().rpartition(b")")[2].split()
        return _Stat(fields[0], int(fields[17]), int(fields[19]))
    return None


def _nobody_has(number: int) -> bool:
    """Whether the kernel knows no process, and no thread, of this number: also where /proc is hidden from us."""
    with suppress(OSError, OverflowError):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
    return False
