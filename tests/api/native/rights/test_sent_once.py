"""A request with an Idempotency-Key is done once, on both engines; every POST that makes something has it."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from repository.catalogue.requests_once import RequestsOnce, key_of
from tests.api.native.rights.asked import deeds
from tests.api.native.rights.desks import desk_on
from tests.api.native.rights.passing import let_pass, made_so_far
from tests.api.native.rights.sent_once import CASES, Desk, Sent
from tests.api.served import Served, problem
from tests.builders.people import cheap_argon2
from tests.repository.waiting import eventually

Described = dict[str, dict[str, Any]]
READS = {
    "/v1/accounts/export", "/v1/accounts/search", "/v1/consents/search", "/v1/copies/search", "/v1/grants/search",
    "/v1/relations/search", "/v1/reports/register", "/v1/reports/special", "/v1/reports/who-looked",
    "/v1/search/{what}",
}  # fmt: skip
"""Each is a reading with an account of its own, and would be none if its answer came from elsewhere."""
PROOFS = {"/v1/sessions", "/v1/people/password", "/v1/token"}
"""What is sent is a password or a proof that is good once: nobody is known by whom a key could be."""
TOLD_ONCE = {"/v1/people", "/v1/people/acceptance"}
"""What they tell is kept by nobody, but sealed in the answer: an answer that was not kept is lost."""
ELSEWHERE = {"/v1/takeovers", "/v1/uploads"}
"""In the tests of uploads."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("once")
    with desk_on(request.param, folder) as made:
        yield made


@pytest.fixture(scope="module")
def described(desk: Desk) -> Described:
    """The paths of the description, a megabyte: read once."""
    with desk.served.client() as client:
        found: Described = client.get("/v1/openapi.json").json()["paths"]
    return found


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)


def posted(sent: Sent, key: str, *, other: bool = False) -> httpx.Response:
    path, body = sent.other if other else (sent.path, sent.body)
    return sent.client.post(path, json=body, headers={"Idempotency-Key": key})


def done(served: Served) -> tuple[int, int]:
    """What has been done so far: deeds, and changes of jobs."""
    jobs = served.archive.catalogue.jobs.jobs(limit=1000)
    return deeds(served), len(jobs) + sum(each.state.value == "failed" for each in jobs)


@pytest.mark.parametrize("path", CASES)
def test_it_is_done_once_and_answered_alike(desk: Desk, described: Described, path: str) -> None:
    sent = CASES[path](desk)
    before = done(desk.served)
    first = posted(sent, "once")
    answers = described[path]["post"]["responses"]
    assert str(first.status_code) in [each for each in answers if each.startswith("2")], first.text
    after = done(desk.served)
    assert (after > before) is (path != "/v1/demands/expiry")  # nothing has stood for too long here
    again = posted(sent, '"once"')
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("location", "etag", "content-type", "cache-control"):
        assert again.headers.get(name) == first.headers.get(name)
    other = posted(sent, "once", other=True)
    assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
    desk.served.archive.catalogue.requests.end(key_of(sent.caller, "once"), 0, {})
    waiting = posted(sent, "once")
    assert (waiting.status_code, problem(waiting)["code"]) == (409, "RST-003")
    assert int(waiting.headers["retry-after"]) > 0
    assert done(desk.served) == after
    desk.served.archive.catalogue.requests.forget(key_of(sent.caller, "once"))


@pytest.mark.parametrize("path", sorted(set(CASES) - TOLD_ONCE))
def test_an_answer_that_nobody_kept_is_made_anew_from_what_was_written(
    desk: Desk, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash in that moment, but with the answer at hand that there should have been."""
    sent = CASES[path](desk)
    with monkeypatch.context() as patch:
        patch.setattr(RequestsOnce, "end", lambda *_: None)
        first = posted(sent, "anew")
    assert first.status_code in (200, 201, 202), first.text
    after = made_so_far(desk.served)
    let_pass(desk.served)
    again = posted(sent, "anew")
    assert made_so_far(desk.served) == after
    assert (again.status_code, known_of(again)) == (first.status_code, known_of(first))
    for name in ("location", "content-type", "cache-control"):
        assert again.headers.get(name) == first.headers.get(name)
    kept = posted(sent, "anew")
    assert (kept.status_code, kept.content, kept.headers.get("etag")) == (
        again.status_code, again.content, again.headers.get("etag"),
    )  # fmt: skip
    desk.served.archive.catalogue.requests.forget(key_of(sent.caller, "anew"))


def test_what_failed_after_its_deed_is_ended_and_answered_at_the_next_try(desk: Desk) -> None:
    """The store takes no bundle of deeds when this one is to be put under a checkpoint. Whoever sends it again needs
    not wait until somebody gives up."""
    sent = CASES["/v1/grants/{permission}/revocation"](desk)
    before, folder = made_so_far(desk.served), desk.served.settings.home / "objects" / "journal"
    aside = folder.rename(folder.with_name("aside"))
    folder.write_bytes(b"in the way")
    try:
        failed = [posted(sent, "store").status_code for _ in range(2)]
    finally:
        folder.unlink()
        aside.rename(folder)
    assert all(each >= 500 for each in failed), failed
    after = made_so_far(desk.served)
    assert after[0] == before[0] + 1
    again = posted(sent, "store")
    assert (again.status_code, again.json()["end_reason"]) == (200, "revoked")
    assert made_so_far(desk.served) == after
    room = desk.served.archive
    last, log = max(each.number for each in room.catalogue.journal.deeds(kind="permission-end")), room.log.latest()
    assert log is not None
    assert room.catalogue.journal.signed_up_to(log.size) >= last


def known_of(answer: httpx.Response) -> dict[str, Any]:
    """All that it says, and of a job, which goes on meanwhile, which one it is."""
    said: dict[str, Any] = answer.json()
    return {name: said[name] for name in ("id", "kind", "subject")} if "enqueued_at" in said else said


def test_keys_are_a_callers_own_and_what_fails_is_kept_by_nobody(desk: Desk) -> None:
    sent = CASES["/v1/grants"](desk)
    wrong = sent.client.post("/v1/grants", json=sent.body | {"purposes": []}, headers={"Idempotency-Key": "mine"})  # type: ignore[operator]
    assert wrong.status_code == 422
    assert posted(sent, "mine").status_code == 201
    theirs = desk.client().post("/v1/grants", json=sent.body, headers={"Idempotency-Key": "mine"})
    assert theirs.status_code == 201
    assert theirs.json()["id"] != posted(sent, "mine").json()["id"]


def test_another_state_is_another_request(desk: Desk) -> None:
    sent = CASES["/v1/consents/{permission}/withdrawal"](desk)
    said = {"Idempotency-Key": "state", "If-Match": '"1"'}
    assert sent.client.post(sent.path, headers=said).status_code == 200
    other = sent.client.post(sent.path, headers=said | {"If-Match": '"1-ended"'})
    assert (other.status_code, problem(other)["code"]) == (422, "RST-002")


@pytest.mark.parametrize("path", ["/v1/people", "/v1/people/acceptance"])
def test_no_secret_is_kept_as_it_is(desk: Desk, path: str) -> None:
    sent = CASES[path](desk)
    first = posted(sent, "secret")
    known = desk.served.archive.catalogue.requests.begin(key_of(sent.caller, "secret"), "another")
    assert known is not None
    kept = f"{known.asked} {dict(known.answer)}"
    secrets = [value for name, value in first.json().items() if name in ("code", "otpauth", "account")]
    assert secrets
    assert set(known.answer) == {"sealed"}
    assert not [each for each in secrets if each in kept]


@pytest.mark.parametrize("path", ["/v1/relations", "/v1/transfers"])
def test_no_answer_is_kept_in_clear(desk: Desk, path: str) -> None:
    sent = CASES[path](desk)
    if path == "/v1/transfers":  # longer than one small secret may be
        peers = [{"kind": "system", "system": f"PEER_{each}"} for each in range(40)]
        sent = replace(sent, body=(sent.body or {}) | {"peers": peers})
    first, key = posted(sent, "clear"), key_of(sent.caller, "clear")
    known = desk.served.archive.catalogue.requests.begin(key, "another")
    assert known is not None
    assert set(known.answer) == {"sealed"}
    assert not [each for each in json.dumps(dict(known.answer)).split('"') if len(each) > 3 and each in first.text]
    again = posted(sent, "clear")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    desk.served.archive.catalogue.requests.forget(key)


def test_an_answer_that_its_client_did_not_wait_for_is_given_again(desk: Desk) -> None:
    sent, before = CASES["/v1/grants"](desk), made_so_far(desk.served)
    host, port = desk.served.url.removeprefix("http://").split(":")
    body = json.dumps(sent.body).encode()
    head = f"POST {sent.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nIdempotency-Key: gone\r\n"
    head += f"Content-Type: application/json\r\nAuthorization: {sent.client.headers['authorization']}\r\n\r\n"
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(head.encode() + body)
    assert eventually(lambda: posted(sent, "gone").status_code != 409)
    again = posted(sent, "gone")
    assert again.status_code == 201
    assert again.headers["location"].endswith(again.json()["id"])
    assert made_so_far(desk.served)[0] == before[0] + 1


def test_every_route_that_makes_something_has_it(desk: Desk) -> None:
    paths = desk.client(None).get("/v1/openapi.json").json()["paths"]
    posts = {path: each["post"] for path, each in paths.items() if path.startswith("/v1/") and "post" in each}
    assert set(posts) == set(CASES) | READS | PROOFS | ELSEWHERE
    for path, said in posts.items():
        has = "Idempotency-Key" in {each["name"] for each in said.get("parameters", ())}
        assert has is (path in CASES or path in ELSEWHERE), path
        assert not has or {"409", "422"} <= set(said["responses"]), path
