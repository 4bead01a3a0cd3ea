"""A process that dies between what it has done and its answer: whoever asks again is answered as if it had not."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.api.native.rights.desks import desk_on
from tests.api.native.rights.passing import let_pass, made_so_far
from tests.api.native.rights.sent_desk import Sent
from tests.api.native.rights.sent_once import CASES, Desk
from tests.api.served import Served, problem
from tests.builders.homes import environment_of
from tests.cli.running import clean_environment
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port

# `serve`, killed in a moment of the request. "doing": before anything is done. "end": when it would keep its answer.
DYING = """
import os, signal, sys
from {module} import {owner}
{owner}.{step} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[1:] = ["serve"]
from cli.main import main
main()
"""
BEFORE = ("repository.catalogue.requests_once", "RequestsOnce", "doing")
AFTER = ("repository.catalogue.requests_once", "RequestsOnce", "end")
AMID = ("repository", "entitlement", "publish")
"""The deed is written, and not yet under a checkpoint."""
BOUND = ("repository.transfer", "opening", "note_all")
"""A transfer is open, and nobody is bound to it yet."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("lost")
    with desk_on(request.param, folder) as made:
        yield made


@contextmanager
def dying(served: Served, where: tuple[str, str, str]) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    port, (module, owner, step) = free_port(), where
    environment = clean_environment() | environment_of(served.settings, HTTP_LISTEN=f"127.0.0.1:{port}", LANG="en")
    program = DYING.format(module=module, owner=owner, step=step)
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert f":{port}".encode() in process.stdout.readline()
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate(timeout=30)


def killed_at(desk: Desk, sent: Sent, where: tuple[str, str, str], *, key: str) -> None:
    """A process of its own was asked, and killed there."""
    headers = {"Idempotency-Key": key, "Authorization": sent.client.headers["Authorization"]}
    with dying(desk.served, where) as (process, address):
        with pytest.raises(httpx.TransportError), httpx.Client(trust_env=False, verify=PLAIN, timeout=60) as client:
            client.post(address + sent.path, json=sent.body, headers=headers)
        assert process.wait(30) == -signal.SIGKILL


def asked_again(sent: Sent, key: str, *, other: bool = False) -> httpx.Response:
    path, body = sent.other if other else (sent.path, sent.body)
    return sent.client.post(path, json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/v1/grants", BEFORE),
        ("/v1/grants", AFTER),
        ("/v1/consents/{permission}/withdrawal", AMID),
        ("/v1/runs", AFTER),
        ("/v1/transfers", AFTER),
        ("/v1/takeovers/{takeover}/conclusion", AFTER),
    ],
)
def test_it_is_done_once_and_answered_though_a_process_died_at_it(
    desk: Desk, path: str, where: tuple[str, str, str]
) -> None:
    sent, key = CASES[path](desk), f"killed {path} {where[2]}".replace(" ", "-").replace("{", "").replace("}", "")
    before = made_so_far(desk.served)
    killed_at(desk, sent, where, key=key)
    after = made_so_far(desk.served)
    assert (after > before) is (where is not BEFORE)
    waiting = asked_again(sent, key)
    assert (waiting.status_code, problem(waiting)["code"]) == (409, "RST-003")
    let_pass(desk.served)
    if where is not BEFORE:
        other = asked_again(sent, key, other=True)
        assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
    first = asked_again(sent, key)
    assert first.status_code in (200, 201, 202), first.text
    if where is not BEFORE:
        assert made_so_far(desk.served) == after
    last = made_so_far(desk.served)
    second = asked_again(sent, key)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers.get("location") == first.headers.get("location")
    assert made_so_far(desk.served) == last
    if "location" in first.headers:
        assert sent.client.get(first.headers["location"]).status_code == 200
    if where is AMID:  # what takes a right away is under a checkpoint when it is answered
        log, journal = desk.served.archive.log.latest(), desk.served.archive.catalogue.journal
        last_end = max(each.number for each in journal.deeds(kind="permission-end"))
        assert log is not None
        assert journal.signed_up_to(log.size) >= last_end


def test_what_is_told_once_is_not_told_after_a_crash_and_not_done_twice(desk: Desk) -> None:
    sent = CASES["/v1/people"](desk)
    killed_at(desk, sent, AFTER, key="secret")
    after = made_so_far(desk.served)
    let_pass(desk.served)
    for _ in range(2):
        again = asked_again(sent, "secret")
        assert (again.status_code, problem(again)["code"]) == (409, "RST-006")
    assert made_so_far(desk.served) == after


def test_a_transfer_that_was_opened_in_part_is_no_transfer_that_was_opened(desk: Desk) -> None:
    sent = CASES["/v1/transfers"](desk)
    killed_at(desk, sent, BOUND, key="part")
    after = len(desk.served.archive.catalogue.takeovers())
    let_pass(desk.served)
    for _ in range(2):
        again = asked_again(sent, "part")
        assert (again.status_code, problem(again)["code"]) == (409, "RST-006")
    assert len(desk.served.archive.catalogue.takeovers()) == after
