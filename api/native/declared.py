"""What routes of this door declare besides their answer: problems by status (RFC 9457), bodies that are read strictly.

A JSON body with one name twice is refused before anything is understood of it: of two limits one would be passed over.
"""

import io
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.errors import RequestNotUnderstood
from api.problems import MEDIA_TYPE as PROBLEM
from api.settings import MOST_WORDS
from repository.packages.strict_json import NotStrictJson, read_strict_json

_TOLD: Mapping[int, str] = {
    400: "The request is not as described here.",
    401: "Nobody is known to be asking.",
    403: "Not for who is asking.",
    404: "Not there, or not for who is asking.",
    406: "Not in any form that Accept names.",
    409: "It contradicts what is there.",
    412: "It is not in the state that If-Match names.",
    413: "The body is too large.",
    415: "A body of this media type is not taken here.",
    422: "It is understood, and cannot be.",
    429: "Too many requests.",
    500: "A bug, or something in the archive is damaged.",
    503: "Something is down for a while; the request may be sent again.",
}
_ALWAYS = (400, 401, 403, 429, 500, 503)
Responses = dict[int | str, dict[str, Any]]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description='The ETag of the state that is meant, as in `"2"`.'),
]


class Sentences(BaseModel):
    what: str
    kept: str
    todo: str


class Problem(BaseModel):
    """An error (RFC 9457): `type` leads to its description, and both languages stand in it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    en: Sentences
    pl: Sentences


def problems(*statuses: int) -> Responses:
    """The problems that a route may answer, those of every route included."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _TOLD[status], "content": {PROBLEM: schema}} for status in sorted({*_ALWAYS, *statuses})
    }


def told(description: str, *media_types: str) -> dict[str, Any]:
    """An answer that is a file."""
    binary, value = {"type": "string", "format": "binary"}, {"type": "object"}
    return {
        "description": description,
        "content": {each: {"schema": value if each.endswith("json") else binary} for each in media_types},
    }


async def strictly(request: Request) -> None:
    """The body is JSON without a name twice. Raises `RequestNotUnderstood`."""
    body = await request.body()
    if not body:
        return
    try:
        await run_in_threadpool(read_strict_json, io.BytesIO(body), largest=MOST_WORDS)
    except NotStrictJson as error:
        raise RequestNotUnderstood(reason=f"body: {error}") from None


STRICT = Depends(strictly)
