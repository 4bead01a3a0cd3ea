"""Questions that nobody thought of, byte by byte, by the straight way and by the framework alone: answered alike.

Addresses are put together of parts that fit, nearly fit, and do not; so are queries and header fields, some of them
said twice. Each question is written to a socket as it is, for a client's library would tidy it up first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from api import dicomweb
from api.callers.way import Caller, identified
from api.dicomweb.often import OFTEN
from tests.api.dicomweb.bytewise import answer_to, settled
from tests.api.dicomweb.conftest import Imaged
from tests.api.served import serving

Doors = tuple[str, str, Imaged]  # addresses of the door with straight ways and of the one without


@pytest.fixture(scope="module")
def doors(imaged: Imaged) -> Iterator[Doors]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dicomweb, "OFTEN", ())
        with serving(imaged.served.archive) as plain:
            yield imaged.served.url, plain, imaged


UID = [
    "{study}", "{series}", "{image}", "1.2.3", "", "0", "1" * 65, "%31.2", "1.2%2E3", "1%2F2", "%C5%BC", "..", "1.2%0A",
]  # fmt: skip
LEAVES = ["", "/metadata", "/frames/1"] * 9 + [
    "/", "/metadata/", "/Metadata", "/frames/1,1", "/frames/%31", "/frames/0", "/frames/", "/frames/1,",
    "/frames/999999999999", "/meta%64ata", "//metadata", "/rendered", "/nothing", "%00",
]  # fmt: skip
QUERIES = [""] * 9 + [
    "?", "?accept=application/dicom", "?Accept=text/plain", "?%61ccept=text/plain", "?a=1&b", "?%FF", "?limit=1",
]  # fmt: skip
SEARCHES = [
    "", "?", "?limit=1", "?limit=1&limit=2", "?limit=-1", "?offset=1&limit=1", "?PatientName=%C5%BB*", "?00100020=1",
    "?StudyInstanceUID={study}", "?StudyInstanceUID={study},1.2", "?StudyInstanceUID=%FF", "?includefield=all&limit=1",
    "?fuzzymatching=true&limit=1", "?accept=application/json", "?ACCEPT=text/plain&limit=1", "?limit=1;offset=2",
    "?=&&=",
]  # fmt: skip
METHODS = ["GET", "HEAD"] * 9 + ["OPTIONS", "POST", "PUT", "DELETE", "TRACE", "PROPFIND", "get"]
FIELDS = [
    "Accept: application/dicom", "Accept: application/dicom+json", "Accept:", "Accept: */*;q=0", "Accept: text/html",
    'Accept: multipart/related; type="application/dicom"', "Accept-Encoding: gzip", "Accept-Language: pl",
    "Accept: multipart/related; type=application/octet-stream; transfer-syntax=*", "EDM-Purpose: treatment",
    "EDM-Purpose: audit", "EDM-Purpose: \xff", "EDM-Reason: %C5%BC", "EDM-Basis: none", "Range: bytes=0-9",
    "Range: bytes=9-0", "Range: pages=1", "If-None-Match: *", 'If-Match: "none"', 'If-Range: "none"',
    "Authorization: Bearer", "Authorization: Basic YTpi", "Cookie: a=b", "Content-Encoding: br", "TE: trailers",
    "Content-Type: application/json", "Expect: 100-continue", "Connection: close", "Origin: http://other",
    "X-Forwarded-Prefix: /fhir", "X-HTTP-Method-Override: DELETE", "Upgrade: websocket", "Forwarded: for=1.2.3.4",
    "Cache-Control: no-cache", "Transfer-Encoding: identity",
]  # fmt: skip
DOORS = ["/Dicomweb/studies/1", "/dicomweb//studies", "//dicomweb/studies", "/dicomweb/./studies"]
THERE = "/dicomweb/studies/{study}/series/{series}/instances/{image}"


def instance_paths() -> st.SearchStrategy[str]:
    """Of the instance that is there, mostly."""
    uid = st.sampled_from(UID)
    other = st.builds("/dicomweb/studies/{}/series/{}/instances/{}".format, uid, uid, uid)
    paths = st.one_of(st.just(THERE), st.just(THERE), st.just(THERE), other, st.sampled_from(DOORS))
    return st.builds("{}{}{}".format, paths, st.sampled_from(LEAVES), st.sampled_from(QUERIES))


def searches() -> st.SearchStrategy[str]:
    path = st.sampled_from(["/dicomweb/studies"] * 5 + ["/dicomweb/studies/", "/dicomweb/%73tudies"])
    return st.builds("{}{}".format, path, st.sampled_from(SEARCHES))


def said(doors: Doors, url: str, method: str, path: str, fields: Sequence[str]) -> bytes:
    """The answer to a question that has a token and a purpose, unless it says others."""
    _, _, imaged = doors
    for name, uid in (
        ("study", imaged.study),
        ("series", imaged.series[0]),
        ("image", imaged.uid(series=1, instance=1)),
    ):
        path = path.replace(f"{{{name}}}", uid)
    own = (f"Authorization: Bearer {imaged.served.token()}", "EDM-Purpose: treatment")
    return answer_to(url, f"{method} {path}", fields, own=own)


def goes_straight(method: str, path: str) -> bool:
    """As far as may be told of an address in which nothing is encoded."""
    before, _, query = path.partition("?")
    before = before.format(study="1.2", series="1.3", image="1.4") if "%" not in before else ""
    scope = {"path": before, "query_string": query.encode()}
    return method in ("GET", "HEAD") and any(each.found(scope) is not None for each in OFTEN)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(METHODS),
    path=instance_paths() | searches(),
    fields=st.lists(st.sampled_from(FIELDS), max_size=3),
)
def test_whatever_is_asked_both_ways_answer_alike(doors: Doors, method: str, path: str, fields: list[str]) -> None:
    straight, plain, _ = doors
    one, other = (said(doors, url, method, path, fields) for url in (straight, plain))
    assert one.startswith(b"HTTP/1.1 ")
    assert not one.startswith(b"HTTP/1.1 500")
    assert settled(one) == settled(other)
    event(f"straight: {goes_straight(method, path)}, {one[9:12].decode()}")


SEARCH = "/dicomweb/studies?StudyInstanceUID={study}"
SCOPES = {
    "": (403, 403), "dicomweb.read": (200, 200), "dicomweb.write": (403, 403), "fhir.read": (403, 403),
    "archive.read": (200, 200), "user/ImagingStudy.r": (200, 403), "user/ImagingStudy.s": (403, 200),
    "user/*.rs": (200, 200), "user/Patient.rs": (403, 403), "system/*.rs": (403, 403),
}  # fmt: skip


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_opens_by_either_way_what_its_scopes_let_it(
    doors: Doors, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a provider's token would: a session, which has none, is given these."""

    def narrowed(*arguments: Any, **named: Any) -> Caller:
        return replace(identified(*arguments, **named), scopes=frozenset({scope} - {""}))

    monkeypatch.setattr("api.callers.entrance.identified", narrowed)
    straight, plain, _ = doors
    for path in (THERE, f"{THERE}/metadata", f"{THERE}/frames/1", SEARCH):
        one, other = (said(doors, url, "GET", path, []) for url in (straight, plain))
        assert int(one[9:12]) == SCOPES[scope][path is SEARCH]
        assert settled(one) == settled(other)
