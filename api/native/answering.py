"""How native answers are made: JSON by orjson, pages with a way to the next one, words in both languages."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict

from api.digests import matches
from api.errors import PreconditionFailed
from storage.errors import Text

JSON = "application/json"
MOST_ON_A_PAGE = 200

Limit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="At most so many on one page.")]


class Words(BaseModel):
    """One sentence in both languages."""

    model_config = ConfigDict(extra="forbid")

    en: str
    pl: str


def words(text: Text) -> Words:
    return Words(en=text.en, pl=text.pl)


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` (models allowed) as JSON, never to be stored by anybody between."""
    content = orjson.dumps(value, default=_plain)
    return Response(content, status, headers={"Cache-Control": "no-store", **(headers or {})}, media_type=JSON)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"internal: a {type(value).__name__} in an answer")


def next_link(request: Request, **changed: object) -> dict[str, str]:
    """The header that leads to the page after this one (RFC 8288); none where `changed` names nothing."""
    if not all(changed.values()):
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    asked = urlencode([*kept, *((name, str(value)) for name, value in changed.items())])
    return {"Link": f'<{request.url.path}?{asked}>; rel="next"'}


def require_state(request: Request, tag: str) -> None:
    """What the caller saw, where it says so by If-Match, is what there is. Raises `PreconditionFailed`."""
    asked = request.headers.get("if-match")
    if asked is not None and not matches(asked, tag):
        raise PreconditionFailed
