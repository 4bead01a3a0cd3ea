"""A request with an Idempotency-Key is done once, on both engines; every POST that makes something has it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from repository.catalogue.requests_once import key_of
from tests.api.native.rights.asked import deeds
from tests.api.native.rights.sent_once import CASES, Desk, Sent
from tests.api.served import Served, problem, served_sample
from tests.builders.people import cheap_argon2
from tests.peers.postgres import postgres

Described = dict[str, dict[str, Any]]
READS = {
    "/v1/accounts/export", "/v1/accounts/search", "/v1/consents/search", "/v1/copies/search", "/v1/grants/search",
    "/v1/relations/search", "/v1/reports/register", "/v1/reports/special", "/v1/reports/who-looked",
    "/v1/search/{what}",
}  # fmt: skip
"""Each is a reading with an account of its own, and would be none if its answer came from elsewhere."""
PROOFS = {"/v1/sessions", "/v1/people/password", "/v1/token"}
"""What is sent is a password or a proof that is good once: nobody is known by whom a key could be."""
ELSEWHERE = {"/v1/takeovers", "/v1/uploads"}
"""In the tests of uploads."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("once")
    if request.param == "sqlite":
        with served_sample(folder, patients=3, images=1, rate=1_000_000) as made:
            yield Desk(made)
        return
    with (
        postgres() as server,
        server.database() as url,
        served_sample(folder, catalogue=url, patients=3, images=1, rate=1_000_000) as made,
    ):
        yield Desk(made)


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


def test_every_route_that_makes_something_has_it(desk: Desk) -> None:
    paths = desk.client(None).get("/v1/openapi.json").json()["paths"]
    posts = {path: each["post"] for path, each in paths.items() if path.startswith("/v1/") and "post" in each}
    assert set(posts) == set(CASES) | READS | PROOFS | ELSEWHERE
    for path, said in posts.items():
        has = "Idempotency-Key" in {each["name"] for each in said.get("parameters", ())}
        assert has is (path in CASES or path in ELSEWHERE), path
        assert not has or {"409", "422"} <= set(said["responses"]), path
