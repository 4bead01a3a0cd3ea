"""Servers of others as processes of ours: a port for each, until it listens, and ended by its own process id."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator

_PATIENCE = 60.0  # seconds until it listens; the slowest takes a fifth of one
Process = subprocess.Popen[bytes]


def free_port() -> int:
    """A port of loopback that nobody has now; another process may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int, process: Process) -> bool:
    """Whether the process has come to listen at the port, rather than to its end."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process.poll() is None
        time.sleep(0.02)
    return False


@contextlib.contextmanager
def ended(process: Process, *, within: float) -> Iterator[None]:
    """At the end of the block the process has come to its end: told to, and killed if it does not in these seconds.
    What it writes to a pipe is read until then."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
