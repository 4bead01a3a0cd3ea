"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that creates, sent twice, creates once.

The same key with the same request gets the same answer for a day; with another request 422; while the first is being
done 409. Where the process that was at it has died, it is done if nothing of it was written; else the answer is made
anew from what was, by one at a time, and is 409 for that day only where it held what is told once. That it died is
known at once on its own machine, and elsewhere assumed after five minutes. Keys are a caller's own, and answers are
kept sealed: most name people.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from api.errands import archive_of, caller_of
from api.native.answering import JSON
from api.native.errors import AnswerLost, KeyUsedOtherwise, StillAtWork
from repository.catalogue.requests_once import LOST, Known, key_of
from repository.domain.deed import Deed
from repository.journal import publish
from repository.people.inviting import secrets_of
from repository.runtime import Archive
from storage.errors import KeyUnavailable
from storage.keys.small_secrets import LARGEST

_KEPT = ("location", "etag", "link", "tus-resumable", "upload-expires")
_KEY = r'^"?[A-Za-z0-9._:+/=-]{1,255}"?$'

Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=_KEY, description="The same key and request again: the same answer."),
]
Body = BaseModel | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a request that was not answered, in order: deeds, numbers of jobs, ids of takeovers."""

    deeds: Sequence[Deed]
    jobs: Sequence[int]
    takeovers: Sequence[str]

    def first(self, *kinds: str) -> Deed | None:
        """The first deed of one of `kinds`."""
        return next((each for each in self.deeds if each.kind in kinds), None)


Again = Callable[[Made], Response | None]
"""The answer to a request of which `Made` is there; it does what is left undone, and nothing twice. None where there is
no telling."""


def by_deed(make: Callable[[], Response], answer: Callable[[Deed], Response], *kinds: str) -> Again:
    """What `answer` makes of the first deed of `kinds`; where there is none, it is done as for the first time."""

    def again(made: Made) -> Response:
        deed = made.first(*kinds)
        return make() if deed is None else answer(deed)

    return again


def by_job(make: Callable[[], Response], answer: Callable[[int], Response]) -> Again:
    """What `answer` makes of the number of the job; where none was made, the rest is done: what makes jobs makes none
    that is there."""
    return lambda made: answer(made.jobs[-1]) if made.jobs else make()


@dataclass(frozen=True, slots=True)
class Once:
    """Does a request once, where it has a key."""

    archive: Archive
    request: Request
    caller: str
    key: str

    def __call__(
        self, make: Callable[[], Response], body: Body = None, *, again: Again | None = None, secret: bool = False
    ) -> Response:
        """What `make` answers, or answered before, or what `again` makes of what it had written when it ended without
        an answer. `body`: what was asked for, besides address and If-Match. With `secret` the body cannot be had, or
        guessed, from the catalogue. Raises `KeyUsedOtherwise`, `StillAtWork`, `AnswerLost`, and what `make` raises,
        which is kept by nobody."""
        if not self.key:
            return make()
        key, whole = key_of(self.caller, self.key), self._digest(body)
        asked = self._digest(None) if secret else whole
        known = self.archive.catalogue.requests.begin(key, asked)
        if known is None:
            return self._noted(make, key, whole)
        if known.asked != asked:
            raise KeyUsedOtherwise
        if not known.status:
            raise StillAtWork
        if known.status != LOST:
            return _again(known.status, self._opened(known.answer, key, whole))
        return self._gone_on_with(known, again, key, whole)

    def _gone_on_with(self, known: Known, again: Again | None, key: str, whole: str) -> Response:
        """What `again` makes of what is `LOST`. Raises `AnswerLost`: then whoever asks next is told the same."""
        try:
            return self._noted(lambda: self._settled(known, again), key, whole)
        except AnswerLost:
            self.archive.catalogue.requests.leave(key, known)
            raise

    def _noted(self, make: Callable[[], Response], key: str, whole: str) -> Response:
        """Raises what `make` raises: then it may be sent again, and what was written is gone on with."""
        requests = self.archive.catalogue.requests
        try:
            with requests.doing(key):
                answer = make()
        except AnswerLost:
            raise
        except BaseException:
            requests.give_up(key)
            raise
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        told = {"body": bytes(answer.body).decode(), "headers": headers}
        requests.end(key, answer.status_code, self._sealed(told, key, whole))
        return answer

    def _settled(self, known: Known, again: Again | None) -> Response:
        """What takes a right away is under a checkpoint before it is answered (`repository.entitlement`)."""
        if again is None:
            raise AnswerLost
        written = known.written
        if written.deeds:
            publish(self.archive)
        deeds = self.archive.catalogue.journal.numbered(written.deeds)
        answer = again(Made(deeds, written.jobs, written.takeovers))
        if answer is None:
            raise AnswerLost
        return answer

    def _digest(self, body: Body) -> str:
        """Of all that makes it this request. A plain digest of a password could be guessed at: such a body is not in
        the one that the catalogue keeps."""
        url, plain = self.request.url, body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        said = {"method": self.request.method, "path": url.path, "query": url.query, "body": plain}
        said["state"] = self.request.headers.get("if-match", "")
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _sealed(self, told: Mapping[str, Any], key: str, whole: str) -> dict[str, Any]:
        text, secrets = orjson.dumps({"asked": whole, **told}), secrets_of(self.archive)
        parts = [text[at : at + LARGEST] for at in range(0, len(text), LARGEST)]
        places = [_place(key, part=number, of=len(parts)) for number in range(len(parts))]
        sealed = [secrets.seal(part, place=place) for part, place in zip(parts, places, strict=True)]
        return {"sealed": [b64encode(each).decode() for each in sealed]}

    def _opened(self, answer: Mapping[str, Any], key: str, whole: str) -> dict[str, Any]:
        """Raises `KeyUsedOtherwise`, `AnswerLost` where its root key is gone, and `SealBroken`."""
        if "sealed" not in answer:  # kept by an earlier release
            return dict(answer)
        parts = [answer["sealed"]] if isinstance(answer["sealed"], str) else answer["sealed"]
        places = [_place(key, part=number, of=len(parts)) for number in range(len(parts))]
        secrets = secrets_of(self.archive)
        try:
            opened = [secrets.open(b64decode(each), place=place) for each, place in zip(parts, places, strict=True)]
        except KeyUnavailable:
            raise AnswerLost from None
        found: dict[str, Any] = orjson.loads(b"".join(opened))
        if found["asked"] != whole:
            raise KeyUsedOtherwise
        return found


def once_of(request: Request, key: Key = None) -> Once:
    return once_by(request, key, caller=caller_of(request).principal.id)


def once_by(request: Request, key: str | None, *, caller: str) -> Once:
    """For whoever is known by `caller`."""
    return Once(archive_of(request), request, caller, (key or "").strip('"'))


ForOnce = Annotated[Once, Depends(once_of)]


def _place(key: str, *, part: int, of: int) -> bytes:
    place = b"once\0" + key.encode("ascii")
    return place if of == 1 else place + f"\0{part}/{of}".encode("ascii")


def _again(status: int, answer: Mapping[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store", **answer["headers"]}
    return Response(answer["body"].encode(), status, headers=headers, media_type=JSON if answer["body"] else None)
