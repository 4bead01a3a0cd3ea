"""A process that dies between what it has done and its answer: the request is known, and is not done twice."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from repository.catalogue.request_tables import request_once
from repository.catalogue.requests_once import AT_WORK, KEPT
from repository.clock import instant, now
from tests.api.native.rights.sent_once import CASES, Desk
from tests.api.served import Served, problem, served_sample
from tests.builders.homes import environment_of
from tests.cli.running import clean_environment
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port

# `serve`, killed in the moment in which it would keep an answer.
DYING = """
import os, signal, sys
from repository.catalogue.requests_once import RequestsOnce
RequestsOnce.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[1:] = ["serve"]
from cli.main import main
main()
"""


@contextmanager
def dying(served: Served, *, step: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    port = free_port()
    environment = clean_environment() | environment_of(served.settings, HTTP_LISTEN=f"127.0.0.1:{port}", LANG="en")
    process = subprocess.Popen([sys.executable, "-c", DYING.format(step=step)], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert f":{port}".encode() in process.stdout.readline()
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate(timeout=30)


def grants(served: Served) -> int:
    """How many deeds there are that give a grant."""
    return sum(1 for _ in served.archive.catalogue.journal.deeds(kind="permission"))


def let_pass(served: Served, *, marked: bool) -> None:
    """The time in which whoever was at it might still be."""
    until = now() - AT_WORK + (KEPT if marked else AT_WORK)
    with served.archive.catalogue._room.writing() as connection:
        connection.execute(update(request_once).values(until=instant(until)))


@pytest.mark.parametrize(("step", "done"), [("end", True), ("doing", False)])
def test_it_is_done_again_only_if_nothing_was_done(tmp_path: Path, step: str, *, done: bool) -> None:
    with served_sample(tmp_path, patients=1, images=1) as served:
        desk = Desk(served)
        sent = CASES["/v1/grants"](desk)
        before, headers = grants(served), {"Idempotency-Key": "lost"}
        with dying(served, step=step) as (process, address):
            token = sent.client.headers["Authorization"]
            with (
                pytest.raises(httpx.TransportError),
                httpx.Client(trust_env=False, verify=PLAIN, timeout=60) as client,
            ):
                client.post(address + sent.path, json=sent.body, headers=headers | {"Authorization": token})
            assert process.wait(30) == -signal.SIGKILL
        assert grants(served) == before + done
        waiting = sent.client.post(sent.path, json=sent.body, headers=headers)
        assert (waiting.status_code, problem(waiting)["code"]) == (409, "RST-003")
        let_pass(served, marked=done)
        again = sent.client.post(sent.path, json=sent.body, headers=headers)
        if done:
            assert (again.status_code, problem(again)["code"]) == (409, "RST-006")
            other = sent.client.post(sent.path, json=sent.other[1], headers=headers)
            assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
        else:
            assert again.status_code == 201
        assert grants(served) == before + 1
        for client in desk.clients.values():
            client.close()
