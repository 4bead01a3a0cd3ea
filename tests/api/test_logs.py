"""Nothing that a caller sends ends in a log: not a path, a query, a header field, a body, nor a text of an error."""

import logging
from collections.abc import Iterator
from io import StringIO

import httpx
import pytest

from api.logs import Discreet, discreet, log_to, shown
from tests.api.served import Served
from tests.api.test_limits import raw, statuses
from tests.repository.waiting import eventually

MARK = "SEKRETNY44051401359"
LEVELS = ("api", "dicom_gateway", "repository", "storage", "cli")


def written(lines: StringIO, words: str) -> bool:
    """Whether it is: a line comes after the answer that it is about."""
    return eventually(lambda: words in lines.getvalue())


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What `serve` writes, by the same set-up."""
    root, stream = logging.getLogger(), StringIO()
    before, levels = list(root.handlers), {name: logging.getLogger(name).level for name in LEVELS}
    root.handlers.clear()
    log_to(stream, level=logging.DEBUG)
    try:
        yield stream
    finally:
        root.handlers[:] = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_requests_of_every_kind_leave_nothing_of_theirs(served: Served, lines: StringIO) -> None:
    client = served.client(None)
    fields = {
        "X-Mark": MARK,
        "Authorization": f"Bearer {MARK}",
        "EDM-Purpose": MARK,
        "EDM-Reason": MARK,
        "Cookie": MARK,
    }
    paths = [f"/v1/{MARK}", f"/v1/holdings/{MARK}/1", f"/v1/health?x={MARK}", f"/dicomweb/studies?PatientID={MARK}",
             f"/fhir/Patient?identifier={MARK}", f"/v1/holdings/{served.takeover.id}/1?{MARK}"]  # fmt: skip
    for path in paths:
        for headers in ({}, fields, {"Authorization": f"Bearer {served.token()}", "EDM-Reason": MARK}):
            for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
                client.request(method, path, headers=headers, content=None if method == "GET" else MARK.encode())
    client.post("/v1/sessions", json={"name": MARK, "password": MARK})
    client.post("/v1/sessions", json={MARK: MARK})
    client.post("/v1/token", data={"grant_type": MARK, "client_assertion": MARK})
    client.post("/v1/token", data={"grant_type": "client_credentials", "client_assertion": f"{MARK}.{MARK}.{MARK}"})
    upgrade = "Upgrade: websocket\r\nConnection: upgrade, close"
    for piece in (
        f"GET /{MARK}\r\n\r\n",
        f"{MARK} / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\n{MARK}\r\n\r\n",
        f"GET /{MARK} HTTP/1.1\r\n{upgrade}\r\nX: {MARK}\r\n\r\n",
    ):
        assert statuses(raw(served.url, piece.encode())) in ([400], [404]), piece
    said = lines.getvalue()
    assert MARK not in said
    assert said.count("\n") > 80
    assert "/holdings/{takeover}/{ordinal} 401" in said


def test_an_error_that_nobody_foresaw_is_told_without_its_text(
    served: Served, lines: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object, **_named: object) -> None:
        raise KeyError(MARK)

    monkeypatch.setattr("api.native.holdings.resolve", fails)
    answer = served.client().get(f"/v1/holdings/{served.takeover.id}/1")
    assert answer.status_code == 500
    assert MARK not in answer.text
    assert written(lines, f"request {answer.headers['x-request-id']} failed: KeyError at ")
    assert MARK not in lines.getvalue()


def test_an_error_in_the_middle_of_an_answer_is_told_without_its_text(
    served: Served, lines: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(*_arguments: object, **_named: object) -> Iterator[bytes]:
        yield b"x"
        raise KeyError(MARK)

    monkeypatch.setattr("api.giving.whole", half)
    monkeypatch.setattr("api.giving.AT_ONCE", 0)  # a small answer would be an error from the beginning
    with pytest.raises(httpx.RemoteProtocolError):
        served.client().get(f"/v1/holdings/{served.takeover.id}/1")
    assert written(lines, "KeyError")
    assert written(lines, "200")
    assert MARK not in lines.getvalue()


def test_libraries_say_what_happened_and_no_more() -> None:
    stream = StringIO()
    for name in ("uvicorn.error", "asyncio"):
        logger, handler = logging.getLogger(name), logging.StreamHandler(stream)
        discreet()
        discreet()
        assert sum(isinstance(each, Discreet) for each in logger.filters) == 1
        logger.addHandler(handler)
        with pytest.raises(KeyError) as caught:
            raise KeyError(MARK)
        logger.error("it went wrong: %s", MARK, exc_info=caught.value)
        logger.error(f"two lines\n{MARK}")  # noqa: G004
        assert shown(caught.value).startswith("KeyError at ")
        logger.removeHandler(handler)
    assert MARK not in stream.getvalue()
    assert stream.getvalue().count("KeyError at") == 2
