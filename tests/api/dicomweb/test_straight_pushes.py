"""A push by the straight way and by the framework alone: answered alike, byte by byte."""

import re
from collections.abc import Iterator

import pytest
from starlette.routing import Match
from starlette.types import Scope

from api.dicomweb.stow_straight import StraightPush
from tests.api.dicomweb.bytewise import answer_to, settled
from tests.api.dicomweb.pushing import Open, served_transfer
from tests.api.served import serving
from tests.builders.pushing import image

MULTIPART = "Content-Type: multipart/related; type=application/dicom; boundary=b"
PUSHES = {
    "nothing said": ([], b"", 415),
    "another type": (["Content-Type: text/plain"], b"x", 415),
    "no boundary": (["Content-Type: multipart/related"], b"x", 400),
    "no end": ([MULTIPART], b"--b\r\n", 400),
    "nothing in it": ([MULTIPART], b"--b--\r\n", 400),
    "no instance": ([MULTIPART], b"--b\r\nContent-Type: application/dicom\r\n\r\nx\r\n--b--\r\n", 409),
    "what is there": ([MULTIPART], b"--b\r\nContent-Type: application/dicom\r\n\r\n" + image() + b"\r\n--b--\r\n", 200),
    "nobody": ([MULTIPART, "Authorization: Bearer nobody"], b"--b--\r\n", 401),
    "another answer": ([MULTIPART, "Accept: text/html"], b"--b--\r\n", 406),
    "shrunk": ([MULTIPART, "Content-Encoding: gzip"], b"--b--\r\n", 415),
    "in Polish": (["Content-Type: text/plain", "Accept-Language: pl"], b"x", 415),
    "another takeover": ([MULTIPART, "EDM-Takeover: none"], b"--b--\r\n", 404),
}


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with served_transfer(tmp_path_factory.mktemp("pushes")) as found:
        assert found.push(image()).status_code == 200
        yield found


@pytest.fixture(scope="module")
def plain(straight: Open) -> Iterator[str]:
    class Nowhere(StraightPush):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return Match.NONE, {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.door.StraightPush", Nowhere)
        with serving(straight.archive) as url:
            yield url


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("path", ["/dicomweb/studies", "/dicomweb/studies?a=1", "/dicomweb/%73tudies"])
def test_a_push_is_told_alike_by_either_way(straight: Open, plain: str, push: str, path: str) -> None:
    fields, body, status = PUSHES[push]
    own = [f"Authorization: Bearer {straight.token}"]
    one, other = (answer_to(url, f"POST {path}", fields, own=own, body=body) for url in (straight.url, plain))
    assert int(one[9:12]) == status
    assert told(one) == told(other)


def told(answer: bytes) -> bytes:
    """Each door has an address of its own."""
    return re.sub(rb"http://127.0.0.1:\d+", b"-", settled(answer))
