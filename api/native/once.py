"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that creates, sent twice, creates once.

The same key with the same request gets the same answer for a day; with another request 422; while the first is being
done 409. Keys are a caller's own. An answer that holds a secret must not go this way: it is kept in the catalogue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response

from api.errands import archive_of, caller_of
from api.native.answering import JSON
from api.native.errors import KeyUsedOtherwise, StillAtWork
from repository.catalogue.requests_once import key_of
from repository.runtime import Archive

_KEPT = ("location", "etag", "link")
_KEY = r'^"?[A-Za-z0-9._:+/=-]{1,255}"?$'

Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=_KEY, description="The same key and request again: the same answer."),
]


@dataclass(frozen=True, slots=True)
class Once:
    """Does a request once, where it has a key."""

    archive: Archive
    request: Request
    caller: str
    key: str

    def __call__(self, make: Callable[[], Response], body: Any) -> Response:
        """What `make` answers, or answered before. `body`: what was asked for, as plain values. Raises
        `KeyUsedOtherwise`, `StillAtWork`, and what `make` raises, which is kept by nobody."""
        if not self.key:
            return make()
        requests, key = self.archive.catalogue.requests, key_of(self.caller, self.key)
        asked = self._digest(body)
        known = requests.begin(key, asked)
        if known is not None:
            if known.asked != asked:
                raise KeyUsedOtherwise
            if not known.status:
                raise StillAtWork(retry_after=2)
            return _again(known.status, dict(known.answer))
        try:
            answer = make()
        except BaseException:
            requests.forget(key)
            raise
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        requests.end(key, answer.status_code, {"body": bytes(answer.body).decode(), "headers": headers})
        return answer

    def _digest(self, body: Any) -> str:
        said = {"method": self.request.method, "path": self.request.url.path, "body": body}
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def once_of(request: Request, key: Key = None) -> Once:
    return Once(archive_of(request), request, caller_of(request).principal.id, (key or "").strip('"'))


ForOnce = Annotated[Once, Depends(once_of)]


def _again(status: int, answer: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store", **answer["headers"]}
    return Response(answer["body"].encode(), status, headers=headers, media_type=JSON if answer["body"] else None)
