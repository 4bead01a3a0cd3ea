"""Debian's DCMTK 3.6.7: its clients run to their end, its servers on loopback, each in a folder of its own.

Of 3.6.7's programs `echoscu`, `findscu`, `storescu` and `storescp` speak TLS; `getscu`, `movescu` and `dcmqrscp` do
not, and go through `tests.peers.tunnel` where TLS is wanted. Servers end by their own process id.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders.certificates import Pair
from tests.peers.processes import ended, free_port, listens

PROGRAMS = ("echoscu", "storescu", "findscu", "movescu", "getscu", "storescp", "dcmqrscp")
SPEAK_TLS = frozenset({"echoscu", "storescu", "findscu", "storescp"})
_QUOTA = "(500, 100000mb)"  # of dcmqrscp: beyond it the oldest study goes


def missing(*programs: str) -> str:
    """Why these programs, or all that are run here, cannot be run; empty if they can."""
    lacking = [each for each in programs or PROGRAMS if shutil.which(each) is None]
    return f"{', '.join(lacking)}: not installed (Debian: dcmtk)" if lacking else ""


@dataclass(frozen=True)
class Tls:
    """`own`: the certificate that is shown; `authority`: the file of whoever signs those of peers."""

    own: Pair
    authority: Path

    @property
    def words(self) -> list[str]:
        return ["+tls", str(self.own.key), str(self.own.certificate), "+cf", str(self.authority)]


@dataclass(frozen=True)
class Ran:
    """`told`: all that it wrote."""

    code: int
    told: str


@dataclass(frozen=True)
class Client:
    """What asks the server at `port`, whose AE title is `called`."""

    port: int
    called: str
    calling: str
    tls: Tls | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, program: str, *words: object, files: Sequence[Path] = (), folder: Path | None = None, seconds: float = 120
    ) -> Ran:
        """What became of `program`, started in `folder`. Raises `subprocess.TimeoutExpired` after `seconds`."""
        tls = self.tls.words if self.tls else []
        if tls and program not in SPEAK_TLS:
            raise ValueError(f"{program} speaks no TLS: give it a tunnel")
        names = ["-aet", self.calling, "-aec", self.called]
        command = [program, *names, *tls, *map(str, words), "127.0.0.1", str(self.port), *map(str, files)]
        ran = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False, cwd=folder,
            env=os.environ | self.environment,
        )  # fmt: skip
        return Ran(ran.returncode, ran.stdout.decode(errors="replace"))


@dataclass(frozen=True)
class Listening:
    """A server. `folder` has what it was given."""

    title: str
    port: int
    folder: Path
    pid: int

    @property
    def files(self) -> list[Path]:
        """What it has kept, by name."""
        return sorted(each for each in self.folder.rglob("*") if each.is_file() and each.name != "index.dat")


@contextlib.contextmanager
def storescp(
    folder: Path, title: str, *words: str, tls: Tls | None = None, port: int = 0, environment: Mapping[str, str] = {}
) -> Iterator[Listening]:
    """A storage SCP that keeps what comes, byte for byte; `folder` must be new. At `port`, or at a free one."""
    folder.mkdir()
    words = ("+B", "+xa", "-pm", "-aet", title, "-od", str(folder), *words, *(tls.words if tls else []))
    with _running("storescp", words, folder, port=port, environment=environment) as (at, pid):
        yield Listening(title, at, folder, pid)


@contextlib.contextmanager
def dcmqrscp(
    folder: Path, title: str, *words: str, peers: Mapping[str, int] | None = None, environment: Mapping[str, str] = {}
) -> Iterator[Listening]:
    """An image archive that anybody may ask, and that sends to `peers`, ports of this machine by AE title; `folder`
    must be new."""
    kept = folder / title
    kept.mkdir(parents=True)
    configuration = folder / "dcmqrscp.cfg"
    known = enumerate((peers or {}).items())
    hosts = "".join(f"to{number} = ({name}, localhost, {port})\n" for number, (name, port) in known)
    configuration.write_text(
        f"MaxPDUSize = 131072\nMaxAssociations = 64\nHostTable BEGIN\n{hosts}HostTable END\nVendorTable BEGIN\n"
        f"VendorTable END\nAETable BEGIN\n{title} {kept} RW {_QUOTA} ANY\nAETable END\n"
    )
    with _running("dcmqrscp", ("-c", str(configuration), *words), folder, environment=environment) as (port, pid):
        yield Listening(title, port, kept, pid)


@contextlib.contextmanager
def _running(
    program: str, words: Sequence[str], folder: Path, *, port: int = 0, environment: Mapping[str, str] = {}
) -> Iterator[tuple[int, int]]:
    log = folder.with_name(f"{folder.name}.log")
    for _ in range(5):  # another process may take the free port first
        at = port or free_port()
        with log.open("wb") as output:
            running = subprocess.Popen(
                [program, *words, str(at)], stdout=output, stderr=output, env=os.environ | environment
            )
        with ended(running, within=60):
            if listens(at, running):
                yield at, running.pid
                return
    raise RuntimeError(f"{program} does not start: {log.read_text(errors='replace')[-2000:]}")
