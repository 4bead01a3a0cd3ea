"""The door as a process: stopped amid an answer, several at once, clients that go, a store that goes."""

import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest

from repository.errors import HomeInUse
from repository.home_lock import unused
from repository.intake import Order, receive
from repository.runtime import OPENINGS, Archive, fresh_vault, open_archive
from repository.settings import Settings
from storage.errors import StoreUnavailable
from storage.warrants import Ledger
from tests.api.served import DOCTOR, serving
from tests.builders.faulty_stores import Countdown, CrashingStore
from tests.builders.homes import environment_of, new_home, plain_package
from tests.builders.staff import session_of
from tests.cli.running import clean_environment
from tests.peers.forked import Forked, forked, serve
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port
from tests.repository.waiting import eventually

LARGE = 24 << 20  # bytes: more than any socket's buffers hold


@dataclass
class Large:
    """An archive with one holding that does not fit into buffers."""

    home: Settings
    path: str
    headers: dict[str, str]
    content: bytes


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Large:
    folder = tmp_path_factory.mktemp("large")
    home, package = new_home(folder), plain_package(folder / "package", files=1, size=LARGE)
    with open_archive(home) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        token = session_of(archive, DOCTOR, name="doctor").token
    headers = {"Authorization": f"Bearer {token}", "EDM-Purpose": "treatment"}
    return Large(home, f"/v1/holdings/{takeover.id}/1", headers, (package / "00000.bin").read_bytes())


@contextmanager
def started(large: Large, *words: str, **more: Any) -> Iterator[tuple[Forked, str]]:
    """`edm-archive serve` in a process of its own, and its address; killed at the end if it still runs."""
    address = f"127.0.0.1:{free_port()}"
    with serve(large.home, *words, HTTP_LISTEN=address, **more) as process:
        yield process, address


def children(pid: int) -> list[int]:
    """Processes that answer: those that the one which `pid` has started for it has forked."""
    forking = [each for each in _below(pid) if b"forkserver" in Path(f"/proc/{each}/cmdline").read_bytes()]
    return [child for each in forking for child in _below(each)]


def _below(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def asked(large: Large, address: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", large.path, headers=large.headers)
    return connection


def test_a_running_answer_is_finished_when_the_door_is_closed(large: Large) -> None:
    with started(large) as (process, address):
        with pytest.raises(HomeInUse), unused(large.home.home):
            pass
        answer = asked(large, address).getresponse()
        content = answer.read(1 << 20)
        process.send_signal(signal.SIGTERM)
        host, port = address.split(":")
        assert eventually(lambda: not reachable(host, int(port)))
        assert process.poll() is None
        assert content + answer.read() == large.content
        assert process.wait(30) == 0
    with unused(large.home.home):
        pass


def reachable(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 60).close()
    except OSError:
        return False
    return True


def test_an_answer_that_outlasts_the_grace_is_cut_off_and_looks_so(large: Large) -> None:
    with started(large, HTTP_GRACE=1) as (process, address):
        answer = asked(large, address).getresponse()
        answer.read(1000)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()


def test_several_processes_answer_and_one_that_dies_is_started_again(large: Large) -> None:
    with started(large, "--processes", "2") as (process, address):
        before = children(process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        assert eventually(lambda: len(set(children(process.pid)) - set(before)) == 1)
        for _ in range(10):
            connection = http.client.HTTPConnection(address, timeout=30)
            connection.request("GET", "/v1/ready")
            assert connection.getresponse().status == 200
            connection.close()
        answer = asked(large, address).getresponse()
        first = answer.read(1000)
        process.send_signal(signal.SIGTERM)
        assert first + answer.read() == large.content
        assert process.wait(30) == 0  # and not after the grace: the new one may have been starting still
        assert not any(Path(f"/proc/{each}").exists() for each in before)


def test_processes_end_with_the_one_that_watches_them(large: Large) -> None:
    with started(large, HTTP_PROCESSES=2) as (process, _):
        left = children(process.pid)
        assert len(left) == 2
        process.kill()
        process.wait(30)
        assert eventually(lambda: not any(Path(f"/proc/{each}").exists() for each in left))


@pytest.mark.parametrize("processes", [1, 2])
def test_an_identity_file_that_is_wrong_keeps_the_door_shut(large: Large, tmp_path: Path, processes: int) -> None:
    (tmp_path / "identity.json").write_text('{"format": "x"}')
    assert_refused(large, b"CAL-001", IDENTITY=tmp_path / "identity.json", HTTP_PROCESSES=processes)


def test_an_address_where_somebody_listens_is_told(large: Large) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        assert_refused(large, b"API-016", HTTP_LISTEN=listen)


def assert_refused(large: Large, code: bytes, **more: object) -> None:
    """`serve` has ended at once, in words."""
    with forked(["serve"], clean_environment() | environment_of(large.home, LANG="en", **more)) as process:
        assert process.wait() == 2
        said = process.complained.read_bytes()
    assert code in said
    assert b"Traceback" not in said


def held(archive: Archive) -> list[str]:
    """Objects of the store that this process has open."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            found.append("" if each.is_dir() else str(each.readlink()))  # folders stay open for the next to read
        except OSError:
            continue
    return [name for name in found if str(archive.settings.home) in name and "/objects/takeovers/" in name]


def test_clients_that_go_leave_nothing_open(large: Large) -> None:
    with open_archive(large.home) as archive, serving(archive, at_once=8) as url:
        address, threads = url.removeprefix("http://"), threading.active_count()
        for _ in range(3):
            going = [asked(large, address) for _ in range(8)]
            answers = [each.getresponse() for each in going]
            assert {each.status for each in answers} == {200}
            for each in answers:
                each.read(1000)
            for connection, answer in zip(going, answers, strict=True):
                answer.close()
                connection.close()
            assert eventually(lambda: held(archive) == [])
        assert asked(large, address).getresponse().read() == large.content  # and their slots are free
        assert threading.active_count() <= threads + 40 + 1  # those of the pool


def test_a_client_that_goes_amid_an_upload_leaves_nothing_open(large: Large) -> None:
    with open_archive(large.home) as archive, serving(archive, at_once=1) as url:
        host, port = url.removeprefix("http://").split(":")
        for _ in range(5):
            with socket.create_connection((host, int(port)), 60) as connection:
                fields = "".join(f"{name}: {value}\r\n" for name, value in large.headers.items())
                head = f"POST /v1/sessions HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: 9999\r\n\r\n"
                connection.sendall(head.encode() + b'{"name": ')
        assert eventually(
            lambda: (
                httpx.get(
                    url + large.path, headers=large.headers, trust_env=False, verify=PLAIN, timeout=60
                ).status_code
                == 200
            )
        )
        assert eventually(lambda: held(archive) == [])


def test_a_client_that_reads_nothing_is_cut_off(large: Large) -> None:
    with open_archive(large.home) as archive, serving(archive, patience=1) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect((host, int(port)))
            fields = "".join(f"{name}: {value}\r\n" for name, value in large.headers.items())
            connection.sendall(f"GET {large.path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
            came = len(connection.recv(100))
            for _ in range(30):  # a byte now and then does not help
                time.sleep(0.1)
                came += len(connection.recv(1))
            assert eventually(lambda: held(archive) == [])
            try:
                while piece := connection.recv(65536):
                    came += len(piece)
            except ConnectionError:
                pass
            assert came < LARGE


class Leaving(CrashingStore):
    """A store that is gone in the middle of each object that is read."""

    def __init__(self, archive: Archive) -> None:
        super().__init__(archive.store, Countdown())

    @contextmanager
    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> Iterator[BinaryIO]:  # type: ignore[override]
        with super().open(key, offset=offset, length=length) as stream:
            yield _Half(stream, LARGE // 2) if (length or LARGE) > 1 << 20 else stream  # type: ignore[misc]


class _Half(BytesIO):
    def __init__(self, inner: BinaryIO, left: int) -> None:
        super().__init__()
        self._inner, self._left = inner, left

    def read(self, size: int | None = -1, /) -> bytes:
        piece = self._inner.read(-1 if size is None else size)
        self._left -= len(piece)
        if self._left < 0:
            raise StoreUnavailable(reason="test")
        return piece

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def read_into(came: list[int], url: str, headers: dict[str, str]) -> None:
    """The sizes of the pieces of an answer that begins as a whole one."""
    with (
        httpx.Client(trust_env=False, verify=PLAIN, timeout=60) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(LARGE))
        came.extend(map(len, answer.iter_bytes()))


def test_a_store_that_goes_amid_an_answer_cuts_the_connection(large: Large) -> None:
    with open_archive(large.home) as archive:
        store = Leaving(archive)
        vault = fresh_vault(store, archive.ring, openings=Ledger(archive.settings.home / OPENINGS))
        with serving(replace(archive, store=store, vault=vault)) as url:
            came: list[int] = []
            with pytest.raises(httpx.RemoteProtocolError):
                read_into(came, url + large.path, large.headers)
            assert 0 < sum(came) < LARGE
        vault.close()
