"""Parts out of a multipart body, as its bytes come: in whatever pieces, in constant memory.

`Reader.feed` takes the next bytes and gives what they make: `Begun` (a part with its header fields), `Piece` (some of
its content), `Ended` (its boundary was seen: it is whole). A part that has no `Ended` did not come to its end, and
`finish` raises. What stands before the first boundary and behind the last one is passed over (RFC 2046 §5.1.1).
"""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from api.multipart.errors import (
    BodyEndsEarly,
    MultipartError,
    NoParts,
    NoSuchBoundary,
    PartHeaderWrong,
    PartLengthLies,
    TooManyParts,
)

MOST_PARTS = 100_000
MOST_HEADER = 8 << 10  # bytes of one part's header fields
MOST_PREAMBLE = 64 << 10  # bytes before the first boundary; a body with another boundary is not read to its end
MOST_PADDING = 256  # blanks behind a boundary
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\t\x80-\xff]*?)[ \t]*")


@dataclass(frozen=True, slots=True)
class Begun:
    """Names of header fields are in lower case; of one that is given twice the first counts."""

    number: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    content: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    number: int
    size: int


Event = Begun | Piece | Ended
_Step = tuple[int, tuple[Event, ...]]  # the next place in the bytes, and what was made of those before it


class Reader:
    """One body. After an error it must not be fed any more."""

    def __init__(self, boundary: bytes, *, most_parts: int = MOST_PARTS, most_header: int = MOST_HEADER) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._most_parts, self._most_header = most_parts, most_header
        self._held = b"\r\n"  # as if a line ended before the body: its first line may be a boundary
        self._state = self._preamble
        self._done = False
        self._passed = 0  # bytes of the preamble
        self._number, self._size, self._announced = 0, 0, -1

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """What is known now. Raises a `MultipartError`."""
        if self._done:
            return
        data = self._held + chunk if self._held else chunk
        place, step = 0, None
        while step != self._state and not self._done:  # a state that stays asks for more
            step = self._state
            place, made = step(data, place)
            yield from made
        self._held = b"" if self._done else data[place:]

    def finish(self) -> None:
        """The body has ended. Raises `BodyEndsEarly` where its closing boundary has not come, `NoSuchBoundary` where
        none has, and `NoParts`."""
        if not self._done:
            if self._state == self._preamble:
                raise NoSuchBoundary
            raise BodyEndsEarly
        if not self._number:
            raise NoParts

    def _preamble(self, data: bytes, place: int) -> _Step:
        found = data.find(self._delimiter, place)
        if found < 0:
            kept = max(place, len(data) - len(self._delimiter) + 1)
            self._passed += kept - place
            if self._passed > MOST_PREAMBLE:
                raise NoSuchBoundary
            return kept, ()
        self._state = self._after_delimiter
        return found + len(self._delimiter), ()

    def _after_delimiter(self, data: bytes, place: int) -> _Step:
        """`--` ends the body; blanks and the end of the line begin a part (RFC 2046 §5.1.1, transport padding)."""
        if data[place : place + 2] == b"--":
            self._done = True
            return len(data), ()
        end = data.find(b"\r\n", place, place + MOST_PADDING + 2)
        if end < 0:
            rest = data[place:]
            if len(rest) > 1 and (len(rest) > MOST_PADDING or rest.removesuffix(b"\r").strip(b" \t")):
                raise MultipartError
            return place, ()
        if data[place:end].strip(b" \t"):
            raise MultipartError
        if self._number >= self._most_parts:
            raise TooManyParts(most=self._most_parts)
        self._number += 1
        self._state = self._header
        return end, ()  # the end of the line stays: without fields, it begins the empty line

    def _header(self, data: bytes, place: int) -> _Step:
        end = data.find(b"\r\n\r\n", place, place + self._most_header + 4)
        if end < 0:
            if len(data) - place >= self._most_header + 4:
                raise PartHeaderWrong(part=self._number)
            return place, ()
        headers = self._fields(data[place + 2 : end])
        self._announced = self._length(headers.get("content-length", ""))
        self._size, self._state = 0, self._begin_content
        return end + 2, (Begun(self._number, headers),)  # the end of the empty line stays: it may begin a boundary

    def _begin_content(self, data: bytes, place: int) -> _Step:
        if data.startswith(self._delimiter, place):
            return place + len(self._delimiter), (self._end(),)
        if len(data) - place < len(self._delimiter) and self._delimiter.startswith(data[place:]):
            return place, ()
        self._state = self._content
        return place + 2, ()

    def _content(self, data: bytes, place: int) -> _Step:
        found = data.find(self._delimiter, place)
        if found >= 0:
            return found + len(self._delimiter), (*self._piece(data, place, found), self._end())
        # What may be the beginning of a boundary waits; mostly that is nothing, and nothing is copied twice.
        kept = data.find(b"\r", max(place, len(data) - len(self._delimiter) + 1))
        kept = len(data) if kept < 0 else kept
        return kept, self._piece(data, place, kept)

    def _piece(self, data: bytes, start: int, stop: int) -> tuple[Event, ...]:
        if start == stop:
            return ()
        self._size += stop - start
        if 0 <= self._announced < self._size:
            raise PartLengthLies(part=self._number)
        return (Piece(data if stop - start == len(data) else data[start:stop]),)

    def _end(self) -> Ended:
        if self._announced not in (-1, self._size):
            raise PartLengthLies(part=self._number)
        self._state = self._after_delimiter
        return Ended(self._number, self._size)

    def _fields(self, raw: bytes) -> dict[str, str]:
        """RFC 822 header fields; a line that begins with a blank goes on with the one before."""
        lines: list[bytes] = []
        for line in raw.split(b"\r\n") if raw else ():
            if line[:1] in (b" ", b"\t") and lines:
                lines[-1] += b" " + line.strip(b" \t")
            else:
                lines.append(line)
        fields: dict[str, str] = {}
        for line in lines:
            found = _FIELD.fullmatch(line)
            if found is None:
                raise PartHeaderWrong(part=self._number)
            fields.setdefault(found[1].decode().lower(), found[2].decode("latin-1"))
        return fields

    def _length(self, text: str) -> int:
        if not text:
            return -1
        if not (text.isascii() and text.isdecimal() and len(text) < 20):
            raise PartHeaderWrong(part=self._number)
        return int(text)


def events(chunks: Iterable[bytes], boundary: bytes) -> Iterator[Event]:
    """All events of a whole body. Raises as `Reader`."""
    reader = Reader(boundary)
    for chunk in chunks:
        yield from reader.feed(chunk)
    reader.finish()


async def events_as_they_come(chunks: AsyncIterable[bytes], boundary: bytes) -> AsyncIterator[Event]:
    """The same for a body that comes from elsewhere."""
    reader = Reader(boundary)
    async for chunk in chunks:
        for event in reader.feed(chunk):
            yield event
    reader.finish()
