"""A process that dies between what it has done and its answer: whoever asks again is answered as if it had not."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module

import httpx
import pytest

from repository.catalogue.requests_once import key_of
from tests.api.native.rights.desks import desk_on
from tests.api.native.rights.passing import is_elsewhere, let_pass, made_so_far
from tests.api.native.rights.sent_desk import Sent
from tests.api.native.rights.sent_once import CASES, Desk
from tests.api.served import problem
from tests.peers.forked import serve
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port

# Where `serve` is killed in a request. "doing": before anything is done. "end": when it would keep its answer.
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


def dies_at(module: str, owner: str, step: str) -> None:
    """Of this process: once `step` is called."""
    setattr(getattr(import_module(module), owner), step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))


def killed_at(desk: Desk, sent: Sent, where: tuple[str, str, str], *, key: str) -> None:
    """A process of its own was asked, and killed there."""
    headers = {"Idempotency-Key": key, "Authorization": sent.client.headers["Authorization"]}
    address = f"127.0.0.1:{free_port()}"
    with serve(desk.served.settings, HTTP_LISTEN=address, before=partial(dies_at, *where)) as process:
        with pytest.raises(httpx.TransportError), httpx.Client(trust_env=False, verify=PLAIN, timeout=60) as client:
            client.post(f"http://{address}{sent.path}", json=sent.body, headers=headers)
        assert process.wait() == -signal.SIGKILL


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


@pytest.mark.parametrize("where", [BEFORE, AFTER])
def test_whether_a_process_died_elsewhere_is_not_known_before_its_time_is_over(
    desk: Desk, where: tuple[str, str, str]
) -> None:
    sent, key = CASES["/v1/grants"](desk), f"elsewhere-{where[2]}"
    killed_at(desk, sent, where, key=key)
    is_elsewhere(desk.served, key_of(sent.caller, key))
    before = made_so_far(desk.served)
    waiting = asked_again(sent, key)
    assert (waiting.status_code, problem(waiting)["code"]) == (409, "RST-003")
    assert int(waiting.headers["retry-after"]) > 0
    assert made_so_far(desk.served) == before
    let_pass(desk.served)
    assert asked_again(sent, key).status_code == 201
    assert (made_so_far(desk.served) > before) is (where is BEFORE)


def test_of_many_who_ask_again_at_once_one_is_answered_and_nothing_is_done_twice(desk: Desk) -> None:
    sent, key = CASES["/v1/grants"](desk), "many-at-once"
    killed_at(desk, sent, BEFORE, key=key)
    before, _, _ = made_so_far(desk.served)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: asked_again(sent, key), range(8)))
    done = {each.content for each in answers if each.status_code == 201}
    assert len(done) == 1
    assert {problem(each)["code"] for each in answers if each.status_code != 201} <= {"RST-003"}
    assert made_so_far(desk.served)[0] == before + 1


def test_what_is_told_once_is_not_told_after_a_crash_and_not_done_twice(desk: Desk) -> None:
    sent = CASES["/v1/people"](desk)
    killed_at(desk, sent, AFTER, key="secret")
    after = made_so_far(desk.served)
    for _ in range(2):
        again = asked_again(sent, "secret")
        assert (again.status_code, problem(again)["code"]) == (409, "RST-006")
    assert made_so_far(desk.served) == after


def test_a_transfer_that_was_opened_in_part_is_no_transfer_that_was_opened(desk: Desk) -> None:
    sent = CASES["/v1/transfers"](desk)
    killed_at(desk, sent, BOUND, key="part")
    after = len(desk.served.archive.catalogue.takeovers())
    for _ in range(2):
        again = asked_again(sent, "part")
        assert (again.status_code, problem(again)["code"]) == (409, "RST-006")
    assert len(desk.served.archive.catalogue.takeovers()) == after
