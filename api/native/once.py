"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that creates, sent twice, creates once.

The same key with the same request gets the same answer for a day; with another request 422; while the first is being
done 409. Where the process that was at it has died, it is done if nothing of it was written; else it is 409 for that
day, and not done twice. Keys are a caller's own. Where a request or its answer holds a secret, both are kept sealed.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api.errands import archive_of, caller_of
from api.native.answering import JSON
from api.native.errors import AnswerLost, KeyUsedOtherwise, StillAtWork
from repository.catalogue.requests_once import LOST, key_of
from repository.people.inviting import secrets_of
from repository.runtime import Archive

_KEPT = ("location", "etag", "link")
_KEY = r'^"?[A-Za-z0-9._:+/=-]{1,255}"?$'

Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=_KEY, description="The same key and request again: the same answer."),
]
Body = BaseModel | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Once:
    """Does a request once, where it has a key."""

    archive: Archive
    request: Request
    caller: str
    key: str

    def __call__(self, make: Callable[[], Response], body: Body = None, *, secret: bool = False) -> Response:
        """What `make` answers, or answered before. `body`: what was asked for, besides address and If-Match. With
        `secret` neither body nor answer can be had, or guessed, from the catalogue. Raises `KeyUsedOtherwise`,
        `StillAtWork`, `AnswerLost`, and what `make` raises, which is kept by nobody."""
        if not self.key:
            return make()
        requests, key = self.archive.catalogue.requests, key_of(self.caller, self.key)
        whole = self._digest(body)
        asked = self._digest(None) if secret else whole
        known = requests.begin(key, asked)
        if known is not None:
            if known.asked != asked:
                raise KeyUsedOtherwise
            if not known.status:
                raise StillAtWork
            if known.status == LOST:
                raise AnswerLost
            return _again(known.status, self._opened(known.answer, key, whole) if secret else dict(known.answer))
        try:
            with requests.doing(key):
                answer = make()
        except BaseException:
            requests.forget(key)
            raise
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        told = {"body": bytes(answer.body).decode(), "headers": headers}
        requests.end(key, answer.status_code, self._sealed(told, key, whole) if secret else told)
        return answer

    def _digest(self, body: Body) -> str:
        """Of all that makes it this request. A plain digest of a password could be guessed at: such a body is not in
        the one that the catalogue keeps."""
        url, plain = self.request.url, body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        said = {"method": self.request.method, "path": url.path, "query": url.query, "body": plain}
        said["state"] = self.request.headers.get("if-match", "")
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _sealed(self, told: Mapping[str, Any], key: str, whole: str) -> dict[str, Any]:
        sealed = secrets_of(self.archive).seal(orjson.dumps({"asked": whole, **told}), place=_place(key))
        return {"sealed": b64encode(sealed).decode()}

    def _opened(self, answer: Mapping[str, Any], key: str, whole: str) -> dict[str, Any]:
        """Raises `KeyUsedOtherwise`, and `SealBroken` or `KeyUnavailable` where it does not open."""
        opened = secrets_of(self.archive).open(b64decode(answer["sealed"]), place=_place(key))
        found: dict[str, Any] = orjson.loads(opened)
        if found["asked"] != whole:
            raise KeyUsedOtherwise
        return found


def once_of(request: Request, key: Key = None) -> Once:
    return once_by(request, key, caller=caller_of(request).principal.id)


def once_by(request: Request, key: str | None, *, caller: str) -> Once:
    """For whoever is known by `caller`."""
    return Once(archive_of(request), request, caller, (key or "").strip('"'))


ForOnce = Annotated[Once, Depends(once_of)]


def _place(key: str) -> bytes:
    return b"once\0" + key.encode("ascii")


def _again(status: int, answer: Mapping[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store", **answer["headers"]}
    return Response(answer["body"].encode(), status, headers=headers, media_type=JSON if answer["body"] else None)
