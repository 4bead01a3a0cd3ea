"""What the writer writes the reader reads, in whatever pieces it comes; what nobody should write ends in an error."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.multipart.errors import (
    BodyEndsEarly,
    MultipartError,
    NoParts,
    NoSuchBoundary,
    PartHeaderWrong,
    PartLengthLies,
    TooManyParts,
)
from api.multipart.reading import Begun, Ended, Event, Piece, Reader, events, events_as_they_come
from api.multipart.writing import Part, ending, header_lines, new_boundary, overhead, written
from tests.builders.words import DIGITS, LOWER, words

B = b"b0undary"
Read = list[tuple[dict[str, str], bytes]]

names = words(LOWER, f"{LOWER}{DIGITS}-", most=20).filter(lambda name: name != "content-length")
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
# Content that is made of the pieces of which boundaries are made, so that near misses are common.
contents = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", B, B[:-1], b"\0", b"x" * 40]) | st.binary(max_size=30),
    max_size=12,
).map(b"".join)
part_lists = st.lists(st.tuples(st.dictionaries(names, values, max_size=3), contents), min_size=1, max_size=5)


def gathered(found: Iterator[Event] | Sequence[Event]) -> Read:
    """Parts with their header fields and content; each began, and ended as long as it says."""
    parts: Read = []
    for each in found:
        if isinstance(each, Begun):
            assert each.number == len(parts) + 1
            parts.append((dict(each.headers), b""))
        elif isinstance(each, Piece):
            assert each.content
            parts[-1] = (parts[-1][0], parts[-1][1] + each.content)
        else:
            assert (each.number, each.size) == (len(parts), len(parts[-1][1]))
    return parts


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    return [body[start:stop] for start, stop in pairwise(edges)]


@settings(max_examples=300)
@given(part_lists, st.lists(st.integers(0, 10_000), max_size=30), st.binary(max_size=60), st.binary(max_size=60))
def test_what_is_written_is_read_however_it_is_cut(
    parts: Read, places: list[int], preamble: bytes, epilogue: bytes
) -> None:
    boundary = new_boundary()
    body = b"".join(written((Part([content[:7], content[7:]], headers) for headers, content in parts), boundary))
    assert len(body) == sum(overhead(header_lines(h), boundary) + len(c) for h, c in parts) + ending(boundary)
    whole = (preamble + b"\r\n" if preamble else b"") + body + epilogue
    assert gathered(events(cut(whole, places), boundary.encode())) == parts


@settings(max_examples=60)
@given(part_lists)
def test_byte_by_byte_and_asynchronously_it_is_the_same(parts: Read) -> None:
    boundary = new_boundary()
    body = b"".join(written((Part([content], headers) for headers, content in parts), boundary))

    async def chunks() -> AsyncIterator[bytes]:
        for place in range(len(body)):
            yield body[place : place + 1]

    async def read() -> list[Event]:
        return [each async for each in events_as_they_come(chunks(), boundary.encode())]

    assert gathered(asyncio.run(read())) == parts


@settings(max_examples=300)
@given(part_lists, st.integers(0, 10_000))
def test_a_body_that_is_cut_off_never_looks_whole(parts: Read, place: int) -> None:
    boundary = new_boundary()
    body = b"".join(written((Part([content], headers) for headers, content in parts), boundary))
    end = len(body) - 2  # the last line need not end
    found: list[Event] = []
    with pytest.raises((BodyEndsEarly, NoSuchBoundary)):
        found.extend(events([body[: place % end]], boundary.encode()))


@settings(max_examples=400)
@given(
    st.lists(
        st.sampled_from([b"\r\n", b"--", B, b"\r\n--" + B, b" ", b":", b"a: b", b"\r\n\r\n"]) | st.binary(max_size=9)
    )
)
def test_whatever_comes_is_read_or_is_an_error_of_ours(pieces: list[bytes]) -> None:
    def outcome(chunks: list[bytes]) -> Read | type[MultipartError]:
        try:
            return gathered(events(chunks, B))
        except MultipartError as error:
            return type(error)

    body = b"".join(pieces)
    assert outcome(pieces) == outcome([body]) == outcome([body[i : i + 1] for i in range(len(body))])


def body(*parts: bytes, end: bytes = b"\r\n--b0undary--") -> bytes:
    return b"".join(b"\r\n--" + B + each for each in parts) + end


PLAIN = b"\r\nContent-Type: a/b\r\n\r\n"


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (body(PLAIN + b"x"), [({"content-type": "a/b"}, b"x")]),
        (body(b"\r\n\r\nx"), [({}, b"x")]),
        (body(b" \t \r\n\r\nx"), [({}, b"x")]),
        (body(b"\r\n\r\n"), [({}, b"")]),
        (body(PLAIN), [({"content-type": "a/b"}, b"")]),
        (body(b"\r\nA: b\r\n  c\r\n\tD\r\n\r\nx"), [({"a": "b c D"}, b"x")]),
        (body(b"\r\nA: b\r\nA: c\r\n\r\n"), [({"a": "b"}, b"")]),
        (body(b"\r\nContent-Length: 3\r\n\r\nabc"), [({"content-length": "3"}, b"abc")]),
        (body(b"\r\n\r\n\r\n"), [({}, b"\r\n")]),
        (b"preamble --b0undary" + body(b"\r\n\r\nx") + b"epilogue\r\n--b0undary\r\n", [({}, b"x")]),
        (body(b"\r\n\r\nx").removeprefix(b"\r\n"), [({}, b"x")]),
        (body(b"\r\n\r\nx", b"\r\n\r\n", b"\r\n\r\ny"), [({}, b"x"), ({}, b""), ({}, b"y")]),
    ],
)
def test_forms_that_are_allowed(content: bytes, read: Read) -> None:
    assert gathered(events([content], B)) == read


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NoSuchBoundary),
        (b"--wrong\r\n\r\nx\r\n--wrong--", NoSuchBoundary),
        (b"x" * 100_000, NoSuchBoundary),
        (b"--b0undary--", NoParts),
        (body(b"\r\n\r\nx", end=b""), BodyEndsEarly),
        (body(b"\r\n\r\nx", end=b"\r\n--b0undary"), BodyEndsEarly),
        (body(b"\r\n\r\nx", end=b"\r\n--b0undary-"), BodyEndsEarly),
        (body(b"\r\nA: b", end=b""), BodyEndsEarly),
        (body(b"x\r\n\r\n"), MultipartError),
        (body(b" " * 300 + b"\r\n\r\n"), MultipartError),
        (body(b"\r\nno field\r\n\r\n"), PartHeaderWrong),
        (body(b"\r\n: empty\r\n\r\n"), PartHeaderWrong),
        (body(b"\r\nA: \x00\r\n\r\n"), PartHeaderWrong),
        (body(b"\r\nA: b\nC: d\r\n\r\n"), PartHeaderWrong),
        (body(b"\r\nA: " + b"b" * 9000 + b"\r\n\r\n"), PartHeaderWrong),
        (body(b"\r\nContent-Length: 4\r\n\r\nabc"), PartLengthLies),
        (body(b"\r\nContent-Length: 2\r\n\r\nabc"), PartLengthLies),
        (body(b"\r\nContent-Length: -1\r\n\r\nabc"), PartHeaderWrong),
        (body(b"\r\nContent-Length: 0\r\n\r\nabc"), PartLengthLies),
    ],
)
def test_forms_that_are_not(content: bytes, error: type[MultipartError]) -> None:
    for chunks in ([content], [content[i : i + 1] for i in range(len(content))]):
        with pytest.raises(error) as raised:
            list(events(chunks, B))
        assert type(raised.value) is error


def test_the_number_of_parts_is_limited() -> None:
    reader = Reader(B, most_parts=3)
    content = body(*[b"\r\n\r\nx"] * 4)
    with pytest.raises(TooManyParts):
        list(reader.feed(content))


def test_a_header_that_never_ends_is_not_held() -> None:
    reader = Reader(B)
    list(reader.feed(body(b"\r\nA: b\r\n", end=b"")))
    lines = (b"C: " + b"d" * 500 + b"\r\n" for _ in range(100))
    with pytest.raises(PartHeaderWrong):
        deque((each for line in lines for each in reader.feed(line)), maxlen=0)
    assert len(reader._held) < 10_000


def test_endless_content_is_not_held() -> None:
    reader = Reader(B)
    list(reader.feed(body(b"\r\n\r\n", end=b"")))
    for _ in range(200):
        assert sum(len(each.content) for each in reader.feed(b"\r\n--b0un" * 1000) if isinstance(each, Piece)) > 0
        assert len(reader._held) < len(B) + 4


@pytest.mark.parametrize("headers", [{"A": "b\r\nC: d"}, {"A b": "c"}, {"Ä": "b"}, {"A": "ß"}, {"": "x"}])
def test_a_header_that_would_inject_another_is_not_written(headers: dict[str, str]) -> None:
    with pytest.raises(PartHeaderWrong):
        list(written([Part([b"x"], headers)], "b"))


def test_content_that_fails_leaves_a_body_without_an_end() -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise OSError("gone")

    out: list[bytes] = []
    with pytest.raises(OSError, match="gone"):
        out.extend(written([Part(failing())], "b0undary"))
    with pytest.raises(BodyEndsEarly):
        list(events(out, B))


def test_the_events_of_one_part_come_in_order() -> None:
    found = list(events([body(b"\r\n\r\nab"[:6]), b""], B))
    assert [type(each) for each in found] == [Begun, Piece, Ended]
