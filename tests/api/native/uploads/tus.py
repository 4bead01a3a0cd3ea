"""A package sent over HTTP in resumable parts (tus 1.0.0)."""

import base64
import hashlib

import httpx

from repository.access.principal import PrincipalKind
from tests.builders.access import THEIRS
from tests.builders.staff import Staff

ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR, house=THEIRS)
TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}


def begun(client: httpx.Client, content: bytes, **more: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = TUS | {"Upload-Length": str(len(content)), "Repr-Digest": f"sha-256=:{digest}:"} | more
    answer = client.post("/v1/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def sent(client: httpx.Client, place: str, content: bytes, *, offset: int, **more: str) -> httpx.Response:
    return client.patch(place, content=content, headers=PART | {"Upload-Offset": str(offset)} | more)


def offset_of(client: httpx.Client, place: str) -> int:
    answer = client.head(place, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])
