"""A real HAProxy (Debian: haproxy) with `deploy/haproxy.cfg`."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.peers.tls_proxy import DOOR, TLS, Pems, Proxy, proxying, shipped

HEADER = "Client-Cert"  # in which it hands certificates on


def program() -> str | None:
    return shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")


def missing() -> str:
    """Why no such server can be started here; empty if one can."""
    return "" if program() else "haproxy is not installed (Debian: haproxy)"


@contextlib.contextmanager
def serving(door: str, pems: Pems) -> Iterator[Proxy]:
    """HAProxy before the archive at `door` (host:port)."""

    def configured(folder: Path, port: int) -> Sequence[object]:
        changes = {"bind :443 ssl": f"bind 127.0.0.1:{port} ssl", TLS: str(folder / "tls"), DOOR: door}
        (folder / "haproxy.cfg").write_text(shipped("haproxy.cfg", changes))
        return (program(), "-db", "-f", folder / "haproxy.cfg")

    with proxying(pems, configured) as running:
        yield running
