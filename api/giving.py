"""A holding as an answer: its bytes as received, whole or a range, with its digest and the way to its proof.

Headers are sent only after the account is written and the first bytes are open, so that what cannot be opened is an
error and not a broken answer. A fault later cuts the connection: nothing short looks whole. What is small is opened
to its end before the answer begins, and leaves in one piece.
"""

from collections.abc import Iterator, Mapping
from unicodedata import combining, normalize
from urllib.parse import quote

from fastapi import Request, Response

from api.digests import etag, matches, repr_digest
from api.ranges import range_of
from api.streamed import Begun, Streamed
from repository.delivering import file_name
from repository.opening import Admitted
from repository.runtime import Archive
from repository.streaming import part, whole

AT_ONCE = 1 << 20  # bytes of an answer that may be held; a stream costs a change of threads for each of its pieces
_STROKES = str.maketrans("łŁ", "lL")  # has no decomposition
PROOF = "https://c2sp.org/tlog-proof"  # the relation to the proof of a holding


def given(archive: Archive, request: Request, admitted: Admitted, *, media_type: str = "") -> Response:
    """200, 206 or 304; raises `RangeNotSatisfiable`, and what opening the first bytes raises. `media_type` as
    catalogued unless told."""
    holding, takeover = admitted.found.holding, admitted.found.takeover
    tag = etag(holding.sha256)
    headers = {
        "ETag": tag,
        "Repr-Digest": repr_digest(holding.sha256),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # each reading is decided and accounted for anew
        "Link": f'</v1/holdings/{takeover.id}/{holding.ordinal}/proof>; rel="{PROOF}"',
        "Content-Disposition": _disposition(file_name(holding.ordinal, holding.path).rpartition("/")[2]),
    }
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    asked = range_of(
        request.headers.get("range", ""), size=holding.size, if_range=request.headers.get("if-range", ""), etag=tag
    )
    if asked is None:
        pieces, length, status = whole(archive, admitted), holding.size, 200
    else:
        pieces, length, status = part(archive, admitted, offset=asked.offset, length=asked.length), asked.length, 206
        headers["Content-Range"] = asked.content_range
    headers["Content-Length"] = str(length)
    # As a header: `media_type` would add a charset to text/xml, and an XML document says its own.
    headers["Content-Type"] = media_type or holding.description.media_type
    return answered(pieces, status, headers=headers)


def answered(pieces: Iterator[bytes], status: int = 200, *, headers: Mapping[str, str]) -> Response:
    """`pieces` as the body: whole and checked to their end where they are no more than `AT_ONCE` bytes, streamed where
    they are more. For endpoints, which are called in threads. Raises what opening raises, so far as it was opened."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > AT_ONCE:
            return Streamed(Begun(_resumed(held, pieces)), status, headers=headers)
    return Response(held[0] if len(held) == 1 else b"".join(held), status, headers=dict(headers))


def _resumed(held: list[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What was taken already and the rest; closing it closes `pieces`."""
    try:
        while held:
            yield held.pop(0)
        yield from pieces
    finally:
        if (close := getattr(pieces, "close", None)) is not None:
            close()


def _disposition(name: str) -> str:
    """As a file of that name (RFC 6266 §4.3, RFC 8187): only characters that need no escaping stand in it. First by
    letters, digits and `._-` alone, for whoever does not read the other (appendix D; `curl -OJ`)."""
    return f"attachment; filename=\"{_plain(name)}\"; filename*=UTF-8''{quote(name, safe='')}"


def _plain(name: str) -> str:
    """In ASCII, as `file_name` makes names: letters lose their accents, and `_` stands for what is none."""
    letters = normalize("NFD", name.translate(_STROKES))
    return "".join(
        one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in letters if not combining(one)
    )
