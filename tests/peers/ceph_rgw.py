"""A real Ceph for tests: one monitor, one manager, one in-memory OSD and a RADOS gateway, on loopback.

Needs Debian's ceph-mon, ceph-mgr, ceph-osd, radosgw and ceph-common. All daemons run in the foreground as children
of the test process, in one folder, under the user who runs the tests (root too), and end with it.
"""

import contextlib
import http.client
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.processes import free_port
from tests.peers.rclone import ACCESS_KEY, SECRET_KEY

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mgr", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
PACKAGES = "ceph-mon ceph-mgr ceph-osd radosgw ceph-common"
_PATIENCE = 120.0  # seconds for each step; the whole start takes 13 on two idle cores
_MEMORY = 2 * 1024**3  # bytes the OSD may hold

_CONFIGURATION = """[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon_port}
public addr = 127.0.0.1
keyring = {folder}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = {memory}
mon allow pool size one = true
auth allow insecure global id reclaim = false
mon data avail warn = 1
mon data avail crit = 1
run dir = {folder}/run
admin socket = {folder}/run/$name.$pid.asok
pid file = {folder}/run/$name.pid
log file = {folder}/$name.log
mon data = {folder}/mon
osd data = {folder}/osd
mgr data = {folder}/mgr
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw dns name = localhost
"""
_ENTITIES = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *", "mgr", "allow *"),
    "client.rgw": ("mon", "allow rwx", "osd", "allow rwx", "mgr", "allow rw"),
    "mgr.x": ("mon", "allow profile mgr", "osd", "allow *"),
    "osd.0": ("mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"),
}


def missing() -> str:
    """Why no such gateway can be started here; empty if one can."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"{', '.join(lacking)}: not installed (Debian: {PACKAGES})" if lacking else ""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The endpoint (host:port) of a gateway with one user, `ACCESS_KEY`; `folder` must be new, its path short."""
    cluster = _Cluster(folder)
    try:
        cluster.start()
        yield f"127.0.0.1:{cluster.gateway_port}"
    finally:
        cluster.stop()


@dataclass
class _Cluster:
    folder: Path
    mon_port: int = field(default_factory=free_port)
    gateway_port: int = field(default_factory=free_port)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        fsid = str(uuid.uuid4())
        for name in ("run", "mon", "osd", "mgr", "rgw"):
            (self.folder / name).mkdir(parents=True)
        self.configuration.write_text(
            _CONFIGURATION.format(
                fsid=fsid,
                folder=self.folder,
                memory=_MEMORY,
                mon_port=self.mon_port,
                gateway_port=self.gateway_port,
            )
        )
        self._make_keys()
        self._start_monitor(fsid)
        self._start_storage()
        self._daemon("radosgw", "-n", "client.rgw")
        self._wait(self._gateway_answers, "the gateway does not answer")
        self._admin("user", "create", "--uid=archive", "--display-name=archive")

    def stop(self) -> None:
        """Gateway first: a gateway without its OSD would wait for it."""
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait(timeout=10)

    @property
    def configuration(self) -> Path:
        return self.folder / "ceph.conf"

    def _make_keys(self) -> None:
        keyring = self.folder / "keyring"
        self._run("ceph-authtool", "--create-keyring", str(keyring))
        for entity, caps in _ENTITIES.items():
            pairs = [
                argument for who, what in zip(caps[::2], caps[1::2], strict=True) for argument in ("--cap", who, what)
            ]
            self._run("ceph-authtool", str(keyring), "--gen-key", "-n", entity, *pairs)

    def _start_monitor(self, fsid: str) -> None:
        monmap = str(self.folder / "monmap")
        address = f"[v1:127.0.0.1:{self.mon_port}]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        conf = ("-c", str(self.configuration))
        keyring = str(self.folder / "keyring")
        self._run("ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self._daemon("ceph-mon", "-i", "a")

    def _start_storage(self) -> None:
        self._daemon("ceph-mgr", "-i", "x")
        osd = str(uuid.uuid4())
        self._ceph("osd", "new", osd)
        self._run("ceph-osd", "-c", str(self.configuration), "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._daemon("ceph-osd", "-i", "0")
        self._wait(lambda: "1 up" in self._ceph("osd", "stat"), "the OSD does not come up")

    def _gateway_answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway_port, timeout=5)
            try:
                connection.request("GET", "/")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        return False

    def _ceph(self, *arguments: str) -> str:
        return self._run("ceph", "-c", str(self.configuration), "--connect-timeout", "30", *arguments)

    def _admin(self, *arguments: str) -> str:
        keys = (f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        return self._run("radosgw-admin", "-c", str(self.configuration), "-n", "client.rgw", *arguments, *keys)

    def _daemon(self, program: str, *arguments: str) -> None:
        with (self.folder / f"{program}.out").open("wb") as output:
            command = [program, "-f", "-c", str(self.configuration), *arguments]
            self.daemons.append(subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL))

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
        return done.stdout

    def _wait(self, ready: Callable[[], bool], problem: str) -> None:
        until = time.monotonic() + _PATIENCE
        while not ready():
            dead = [daemon.args for daemon in self.daemons if daemon.poll() is not None]
            if dead or time.monotonic() > until:
                raise RuntimeError(f"{problem}; ended: {dead}; logs: {self.folder}")
            time.sleep(0.25)
