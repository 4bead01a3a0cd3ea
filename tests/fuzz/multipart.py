"""`python -m tests.fuzz.multipart [libFuzzer options]`: the multipart reader, whatever comes and however it is cut.

It must end, with events in order or an error of ours; the same whether the body comes whole, cut, or byte by byte; and
hold no more than a header's worth. What it reads, the writer writes and the reader reads again.
"""

import sys
from collections.abc import Sequence

import atheris

with atheris.instrument_imports(include=["api.multipart"]):
    from api.multipart.errors import BoundaryMissing, MultipartError
    from api.multipart.parameters import boundary_of, read_media_type
    from api.multipart.reading import MOST_HEADER, MOST_PADDING, Begun, Ended, Piece, Reader
    from api.multipart.writing import Part, new_boundary, written

from tests.fuzz.running import run

Parts = list[tuple[dict[str, str], bytes]]
MOST_HELD = MOST_HEADER + MOST_PADDING + 200


def read(chunks: Sequence[bytes], boundary: bytes) -> Parts | str:
    """The parts, or the code of what is wrong with them."""
    reader, parts = Reader(boundary), Parts()
    try:
        for chunk in chunks:
            for event in reader.feed(chunk):
                if isinstance(event, Begun):
                    assert event.number == len(parts) + 1
                    parts.append((dict(event.headers), b""))
                elif isinstance(event, Piece):
                    parts[-1] = parts[-1][0], parts[-1][1] + event.content
                elif isinstance(event, Ended):
                    assert (event.number, event.size) == (len(parts), len(parts[-1][1]))
            assert len(reader._held) <= MOST_HELD
        reader.finish()
    except MultipartError as error:
        return error.code
    return parts


def one(data: bytes) -> None:
    """One input: a media type, where to cut, and a body."""
    given = atheris.FuzzedDataProvider(data)
    media_type = read_media_type(given.ConsumeUnicodeNoSurrogates(given.ConsumeIntInRange(0, 60)))
    boundary = b"b"
    if media_type is not None:
        try:
            boundary = boundary_of(media_type)
        except BoundaryMissing:
            boundary = b"b"
    size = given.ConsumeIntInRange(1, 64)
    body = given.ConsumeBytes(given.remaining_bytes()).replace(b"\xffB", b"\r\n--" + boundary)
    whole = read([body], boundary)
    assert whole == read([body[at : at + size] for at in range(0, len(body), size)], boundary)
    assert whole == read([body[at : at + 1] for at in range(len(body))], boundary)
    if not isinstance(whole, str):
        again(whole)


def again(parts: Parts) -> None:
    ours = new_boundary()
    plain = [({name: "x" for name in headers if name != "content-length"}, content) for headers, content in parts]
    try:
        body = b"".join(written((Part([content], headers) for headers, content in plain), ours))
    except MultipartError:
        return  # a name that we would not write
    assert read([body], ours.encode()) == plain


if __name__ == "__main__":
    run(one, sys.argv)
