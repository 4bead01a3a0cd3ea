"""What is refused before any work: too much, too often, too slow, and addresses in disguise."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from tests.api.served import Served, problem, serving
from tests.peers.plain_http import PLAIN

PATIENCE = 60.0  # seconds for what comes at once


@pytest.fixture(scope="module")
def hasty(served: Served) -> Iterator[str]:
    """The same archive behind a door without patience."""
    with serving(served.archive, patience=1) as url:
        yield url


def raw(url: str, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the server closes, for bytes that no client library would send. That it does not close is
    a failure."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        answer = b""
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            while piece := connection.recv(65536):
                answer += piece
        return answer


def statuses(answer: bytes) -> list[int]:
    return [int(line.split(b" ")[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def test_whoever_asks_too_often_waits(served: Served) -> None:
    with (
        serving(served.archive, rate=5) as url,
        httpx.Client(base_url=url, trust_env=False, verify=PLAIN, timeout=60) as client,
    ):
        answers = [client.get("/v1/health") for _ in range(7)]
        assert [each.status_code for each in answers] == [200] * 5 + [429] * 2
        assert 0 < int(answers[-1].headers["retry-after"]) <= 120


def test_one_caller_has_so_many_requests_at_one_time(served: Served) -> None:
    from api.callers.errors import TooManyAtOnce
    from api.limits import Limits, Slot
    from api.settings import HttpSettings

    async def app(*_arguments: object) -> None: ...

    limits = Limits(app, settings=HttpSettings(at_once=2))
    slots = [Slot(limits) for _ in range(3)]
    slots[0].take("a")
    slots[0].take("a")  # of one request, counted once
    slots[1].take("a")
    with pytest.raises(TooManyAtOnce):
        slots[2].take("a")
    slots[2].take("b")
    slots[1].free()
    slots[1].free()
    Slot(limits).take("a")
    for each in slots:
        each.free()


def test_slots_are_free_after_answers_of_every_kind(served: Served) -> None:
    with serving(served.archive, at_once=1) as url:
        client = served.client()
        client.base_url = httpx.URL(url)
        for _ in range(4):
            assert client.get(f"/v1/holdings/{served.takeover.id}/1").status_code == 200
            assert client.get(f"/v1/holdings/{served.takeover.id}/999999").status_code == 404
            assert client.get("/v1/holdings/NOT/x").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../v1/health", "/v1/./health", "/v1//health", "//v1/health", "/v1%2fhealth", "/v1%2Fhealth",
        "/v1/health/.",
        "/v1/%2e%2e/health", "/v1/%2E%2E/v1/health", "/v1/health%00", "/v1/health%00.txt", "/v1\\health",
        "/v1%5chealth",
        "/v1/health%0d%0aX:y", "/..", "/v1/..", "/%2e/v1/health", "/v1/health%7f",
    ],
)  # fmt: skip
def test_an_address_in_disguise_is_refused(served: Served, path: str) -> None:
    answer = raw(served.url, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert statuses(answer) == [400]


def test_an_endless_address_is_refused(served: Served) -> None:
    answer = raw(served.url, b"GET /v1/health?" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [400]


@pytest.mark.parametrize(
    "fields",
    [b"X-Long: " + b"a" * 40_000 + b"\r\n", b"".join(b"X-%d: y\r\n" % n for n in range(150))],
    ids=["one-long", "many"],
)
def test_too_many_header_fields_are_refused(served: Served, fields: bytes) -> None:
    answer = raw(served.url, b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + b"\r\n")
    assert statuses(answer) == [431]


def test_a_head_without_end_is_cut_off(served: Served) -> None:
    answer = raw(served.url, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n", *[b"X: " + b"a" * 60_000 + b"\r\n"] * 50)
    assert statuses(answer) in ([431], [])


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}x"),
        (b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: gzip\r\n", b"0\r\n\r\n"),
        (b"Content-Length: -1\r\n", b""),
        (b"Content-Length: +2\r\n", b"{}"),
        (b"Content-Length: 0x2\r\n", b"{}"),
        (b"Content-Length: 99999999999999999999999\r\n", b"{}"),
        (b"Content-Length : 2\r\n", b"{}"),
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n"),
        (b" folded: x\r\n", b""),
        (b"Nul: a\x00b\r\n", b""),
    ],
)
def test_a_body_of_two_lengths_is_no_request(served: Served, fields: bytes, body: bytes) -> None:
    """What a proxy and the door could cut differently is refused, and what follows it is not answered (smuggling)."""
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + fields + b"\r\n"
    answer = raw(served.url, head + body + b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [400]
    assert b'"up"' not in answer


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip", "identity, gzip"])
def test_a_packed_body_is_not_unpacked(served: Served, coding: str) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    answer = httpx.post(
        f"{served.url}/v1/sessions", content=bomb, headers=headers, trust_env=False, verify=PLAIN, timeout=60
    )
    assert (answer.status_code, problem(answer)["code"]) == (415, "API-010")


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 100_000, b'{"name":' + b"[" * 5_000 + b"]" * 5_000 + b"}"])
def test_json_that_goes_deep_is_not_understood(served: Served, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(
        f"{served.url}/v1/sessions", content=body, headers=headers, trust_env=False, verify=PLAIN, timeout=60
    )
    assert (answer.status_code, problem(answer)["code"]) == (400, "API-003")


def test_a_body_is_counted_whatever_its_length_says(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(300):
            yield b"a" * 65536

    headers = {"Content-Type": "application/json"}
    announced = httpx.post(
        f"{served.url}/v1/sessions",
        content=b"a" * (17 << 20),
        headers=headers,
        trust_env=False,
        verify=PLAIN,
        timeout=60,
    )
    assert announced.status_code == 413
    try:
        chunked = httpx.post(
            f"{served.url}/v1/sessions", content=endless(), headers=headers, trust_env=False, verify=PLAIN, timeout=60
        )
        assert chunked.status_code == 413
    except httpx.WriteError:
        return  # cut off before all was sent


def test_a_request_that_comes_byte_by_byte_is_cut_off(hasty: str) -> None:
    drip = [bytes([octet]) for octet in b"GET /v1/health HTTP/1.1\r\nHost: a-very-long-host-name\r\nX: y\r\n\r\n"]
    answer = raw(hasty, *drip, pause=0.1)
    assert statuses(answer) in ([408], [])  # nothing, where the client was still sending when it was cut off


def test_a_connection_that_says_nothing_is_closed(hasty: str) -> None:
    assert statuses(raw(hasty, b"")) == [408]


def test_a_body_that_comes_byte_by_byte_is_cut_off(hasty: str) -> None:
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    assert raw(hasty, head, *[b" "] * 30, pause=0.1) == b""


def test_a_client_that_is_slow_but_not_too_slow_is_served(hasty: str) -> None:
    """In much more time than a silent one has. Where this machine sleeps for so long itself, it is tried again."""
    body = json.dumps({"name": "x", "password": "y"}).encode() + b" " * 12_000
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    tries = (raw(hasty, head + b"Content-Length: %d\r\n\r\n" % len(body), *pieces, pause=0.2) for _ in range(10))
    assert statuses(next(filter(None, tries), b"")) == [401]


def test_cross_origin_reading_is_off_unless_it_is_configured(served: Served) -> None:
    asking = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET"}
    plain = httpx.options(f"{served.url}/v1/health", headers=asking, trust_env=False, verify=PLAIN, timeout=60)
    assert plain.status_code == 405
    assert not [name for name in plain.headers if name.startswith("access-control")]
    with serving(served.archive, origins=("https://viewer.example",)) as url:
        asking |= {"Access-Control-Request-Headers": "authorization, edm-purpose"}
        allowed = httpx.options(f"{url}/v1/health", headers=asking, trust_env=False, verify=PLAIN, timeout=60)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://viewer.example")
        assert "access-control-allow-credentials" not in allowed.headers
        other = httpx.options(
            f"{url}/v1/health",
            headers=asking | {"Origin": "https://evil.example"},
            trust_env=False,
            verify=PLAIN,
            timeout=60,
        )
        assert other.status_code == 400
        assert "access-control-allow-origin" not in other.headers
        seen = httpx.get(
            f"{url}/v1/health", headers={"Origin": "https://viewer.example"}, trust_env=False, verify=PLAIN, timeout=60
        )
        assert "ETag" in seen.headers["access-control-expose-headers"]
