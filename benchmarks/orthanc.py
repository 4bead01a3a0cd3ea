"""A default Debian Orthanc, fed by DCMTK's `storescu` as it comes: what people use. Once: it takes minutes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from benchmarks.measuring import timed

LONGEST = 600  # seconds


def orthanc_seconds(source: Path, folder: Path) -> float | None:
    """Seconds for one association that sends every file of `source`; None where the programs are not installed."""
    server, scu = shutil.which("Orthanc") or shutil.which("/usr/sbin/Orthanc"), shutil.which("storescu")
    if server is None or scu is None:
        return None
    folder.mkdir()
    port, http = _free_port(), _free_port()
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "DicomPort": port,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "DicomAlwaysAllowStore": True,
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    environment = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    running = subprocess.Popen(
        [server, str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        _wait_for(port)
        command = [scu, "+sd", "+r", "127.0.0.1", str(port), str(source)]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True, timeout=LONGEST, env=environment))
    except subprocess.TimeoutExpired:
        return float(LONGEST)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(60)
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("Orthanc did not start")
