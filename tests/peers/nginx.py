"""A real nginx (Debian: nginx-light) with `deploy/nginx.conf`."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.peers.tls_proxy import DOOR, TLS, Pems, Proxy, proxying, shipped

HEADER = "X-Client-Certificate"  # in which it hands certificates on
_MAIN = """daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/log warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/temp/body;
    proxy_temp_path {folder}/temp/proxy;
    fastcgi_temp_path {folder}/temp/fastcgi;
    uwsgi_temp_path {folder}/temp/uwsgi;
    scgi_temp_path {folder}/temp/scgi;
    include {folder}/edm-archive.conf;
}}
"""


def program() -> str | None:
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def missing() -> str:
    """Why no such server can be started here; empty if one can."""
    return "" if program() else "nginx is not installed (Debian: nginx-light)"


@contextlib.contextmanager
def serving(door: str, pems: Pems) -> Iterator[Proxy]:
    """nginx before the archive at `door` (host:port)."""

    def configured(folder: Path, port: int) -> Sequence[object]:
        changes = {"listen 443 ssl": f"listen 127.0.0.1:{port} ssl", TLS: str(folder / "tls"), DOOR: door}
        changes["/var/log/nginx/error.log"] = str(folder / "log")
        (folder / "edm-archive.conf").write_text(shipped("nginx.conf", changes))
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
        return (program(), "-p", folder, "-e", folder / "log", "-c", folder / "nginx.conf")

    with proxying(pems, configured) as running:
        yield running
