"""Pages of the origins that are named may send every header field that routes take, and read every one that is told."""

from collections.abc import Iterator

import httpx
import pytest

from api.door import READABLE, TOLD
from tests.api.served import Served, serving
from tests.peers.plain_http import PLAIN

VIEWER = "https://viewer.example"
SAFE = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
"""What a page may read of any answer (Fetch, "CORS-safelisted response-header name")."""


@pytest.fixture(scope="module")
def open_to(served: Served) -> Iterator[str]:
    with serving(served.archive, origins=(VIEWER,)) as url:
        yield url


def asked(url: str, path: str, **headers: str) -> httpx.Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.options(url + path, headers={"Origin": VIEWER} | said, trust_env=False, verify=PLAIN, timeout=60)


def test_every_field_that_a_route_takes_or_tells_is_open_to_pages(open_to: str) -> None:
    description = httpx.get(f"{open_to}/v1/openapi.json", trust_env=False, verify=PLAIN, timeout=60).json()
    operations = [each for path in description["paths"].values() for each in path.values()]
    taken = {p["name"].lower() for each in operations for p in each.get("parameters", ()) if p["in"] == "header"}
    told = {h.lower() for each in operations for r in each["responses"].values() for h in r.get("headers", {})}
    assert {"idempotency-key", "tus-resumable", "if-match"} <= taken
    assert {"etag", "upload-offset", "retry-after"} <= told
    assert taken <= {each.lower() for each in READABLE}
    assert told <= {each.lower() for each in TOLD} | SAFE


def test_a_page_sends_a_package_in_parts(open_to: str, served: Served) -> None:
    wanted = "authorization, tus-resumable, upload-length, upload-offset, upload-checksum, content-type, repr-digest"
    for path, method in (("/v1/uploads", "POST"), ("/v1/uploads/x", "PATCH"), ("/v1/uploads/x", "HEAD")):
        allowed = asked(open_to, path, Access_Control_Request_Method=method, Access_Control_Request_Headers=wanted)
        assert allowed.status_code == 200, allowed.text
    answer = httpx.get(f"{open_to}/v1/health", headers={"Origin": VIEWER}, trust_env=False, verify=PLAIN, timeout=60)
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {"location", "upload-offset", "upload-expires", "tus-resumable"} <= set(exposed.split(", "))
    assert served.url


def test_a_field_that_no_route_takes_is_not_allowed(open_to: str) -> None:
    refused = asked(
        open_to, "/v1/health", Access_Control_Request_Method="GET", Access_Control_Request_Headers="x-other"
    )
    assert refused.status_code == 400
