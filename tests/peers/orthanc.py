"""A real Orthanc with its DICOMweb plug-in: Debian's orthanc and orthanc-dicomweb, on loopback, in a folder of its own.

Its settings are the defaults but for folders, ports and the plug-in. It ends by its own process id.
"""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.peers.processes import ended, free_port

PACKAGES = "orthanc orthanc-dicomweb"
ROOT = "/dicom-web"  # of its own DICOMweb server
_PLUGINS = Path("/usr/share/orthanc/plugins")
_PLUGIN = "libOrthancDicomWeb.so"
_PATIENCE = 60.0  # seconds until it answers; it takes one


def program() -> Path | None:
    """The server, which Debian keeps out of the way of ordinary users; None where it is not installed."""
    found = shutil.which("Orthanc") or shutil.which("/usr/sbin/Orthanc")
    return Path(found) if found else None


def missing() -> str:
    """Why no such server can be started here; empty if one can."""
    if program() is None or not (_PLUGINS / _PLUGIN).exists():
        return f"Orthanc with its DICOMweb plug-in is not installed (Debian: {PACKAGES})"
    return ""


@dataclass(frozen=True)
class Orthanc:
    """`url` has no slash at its end."""

    url: str
    pid: int
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    def store(self, content: bytes) -> str:
        """The instance is kept; its own id for it."""
        with self.client() as client:
            told = client.post("/instances", content=content, headers={"Content-Type": "application/dicom"})
        return str(told.raise_for_status().json()["ID"])

    def knows(self, name: str, url: str, headers: Mapping[str, str]) -> None:
        """From now on it can ask the DICOMweb server `name` at `url`, and sends `headers` each time."""
        with self.client() as client:
            client.put(f"{ROOT}/servers/{name}", json={"Url": url, "HttpHeaders": dict(headers)}).raise_for_status()

    def ask(self, name: str, verb: str, said: Mapping[str, Any]) -> httpx.Response:
        """What it answers when told to `get`, `qido`, `retrieve` or `stow` at the server `name`."""
        with self.client() as client:
            return client.post(f"{ROOT}/servers/{name}/{verb}", json=dict(said))


@contextlib.contextmanager
def serving(folder: Path, **more: Any) -> Iterator[Orthanc]:
    """An empty server that runs while the block does, with `more` settings; `folder` must be new."""
    found = program()
    if found is None:
        raise FileNotFoundError(missing())
    folder.mkdir()
    for _ in range(5):  # another process may take a free port first
        http_port = free_port()
        settings = folder / "orthanc.json"
        settings.write_text(json.dumps(_settings(folder, http_port) | more))
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen([found, settings], stdout=log, stderr=log, cwd=folder, env=_environment())
        with ended(running, within=60):
            if _answers(http_port, running):
                yield Orthanc(f"http://127.0.0.1:{http_port}", running.pid, folder / "log")
                return
    raise RuntimeError(f"Orthanc does not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


def _settings(folder: Path, http_port: int) -> dict[str, Any]:
    return {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http_port,
        "DicomPort": free_port(),
        "RemoteAccessAllowed": False,
        "Plugins": [str(_PLUGINS / _PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": f"{ROOT}/"},
    }


def _environment() -> dict[str, str]:
    """Without proxies: it would ask them for loopback."""
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


def _answers(port: int, running: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and running.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(line):
            line.request("GET", f"{ROOT}/servers")
            if line.getresponse().status == 200:
                return running.poll() is None
        time.sleep(0.05)
    return False
