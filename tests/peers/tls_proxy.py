"""A proxy with the configuration that is shipped: only its paths, ports and addresses are other ones.

It runs on loopback, in a folder of its own, as an account without rights where this process has them all, and ends by
its own process id.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.processes import ended, free_port, listens

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
TLS = "/etc/edm-archive/tls"  # where the shipped configurations look for PEM files
DOOR = "127.0.0.1:8042"  # and for the archive


@dataclass(frozen=True)
class Pems:
    """What a proxy needs: PEM texts of its own certificate and key, and of the authorities of clients."""

    certificate: bytes
    key: bytes
    clients: bytes


@dataclass(frozen=True)
class Proxy:
    """`url` has no slash at its end. `folder` holds all that it writes."""

    url: str
    folder: Path
    pid: int

    def written(self) -> int:
        """Bytes of what passed by that lie on the disk now."""
        return sum(path.stat().st_size for path in (self.folder / "temp").rglob("*") if path.is_file())


def shipped(name: str, changes: Mapping[str, str]) -> str:
    """The configuration `deploy/name` with these changes, each of which must find something to change."""
    text = (DEPLOY / name).read_text()
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"deploy/{name} has no {old!r}")
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def proxying(pems: Pems, configured: Callable[[Path, int], Sequence[object]]) -> Iterator[Proxy]:
    """A proxy that runs while the block does; `configured` writes its configuration for a folder and a port, and gives
    the command."""
    folder = Path(tempfile.mkdtemp(prefix="edm-proxy-"))
    try:
        for name, content in (("certificate.pem", pems.certificate), ("key.pem", pems.key),
                              ("both.pem", pems.certificate + pems.key), ("clients.pem", pems.clients)):  # fmt: skip
            place = folder / "tls" / name
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)
        (folder / "temp").mkdir()
        (folder / "log").touch()
        with _started(folder, configured) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _started(folder: Path, configured: Callable[[Path, int], Sequence[object]]) -> Iterator[Proxy]:
    whom = _as_whom()
    for _ in range(5):  # another process may take a free port first
        port = free_port()
        command = [str(word) for word in configured(folder, port)]
        if whom:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, "nobody", "nogroup")
        with (folder / "log").open("ab") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **whom)
        with ended(running, within=60):
            if listens(port, running):
                yield Proxy(f"https://127.0.0.1:{port}", folder, running.pid)
                return
    raise RuntimeError(f"it does not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


def _as_whom() -> dict[str, Any]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
