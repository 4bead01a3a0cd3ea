"""PDUs that are bytes and little else (PS3.8 9.3). Those with items are `negotiating`'s."""

from collections.abc import Iterable, Iterator
from struct import Struct

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA = 1, 2, 3, 4
RELEASE_RQ, RELEASE_RP, ABORT = 5, 6, 7
RELEASE_REQUEST = bytes((RELEASE_RQ, 0, 0, 0, 0, 4, 0, 0, 0, 0))
RELEASE_RESPONSE = bytes((RELEASE_RP, 0, 0, 0, 0, 4, 0, 0, 0, 0))

BY_USER, BY_PROVIDER = 0, 2
UNKNOWN_PDU, UNEXPECTED_PDU, UNEXPECTED_PARAMETER, INVALID_PARAMETER = 1, 2, 5, 6
"""Reasons of A-ABORT from the provider (PS3.8 Table 9-26)."""

COMMAND, LAST = 1, 2  # bits of a PDV's header (PS3.8 E.2)
LARGEST = 1 << 18
"""Bytes of a P-DATA-TF PDU that we say we take, and the most that we send to whoever says that there is no limit."""

Bytes = bytes | bytearray | memoryview
_HEADER = Struct(">BxI")
_PDV = Struct(">IBB")
_FRAME = Struct(">BxIIBB")  # of a PDU with one PDV
_AT_ONCE = 1 << 20  # bytes, and pieces, that are given to the socket together
_PIECES = 256


def header(content: Bytes) -> tuple[int, int]:
    """Type and length of a PDU from its first six bytes."""
    kind, length = _HEADER.unpack_from(content)
    return kind, length


def abort(*, source: int = BY_USER, reason: int = 0) -> bytes:
    return bytes((ABORT, 0, 0, 0, 0, 4, 0, 0, source, reason))


def reject(result: int, source: int, reason: int) -> bytes:
    """PS3.8 Table 9-21."""
    return bytes((ASSOCIATE_RJ, 0, 0, 0, 0, 4, 0, result, source, reason))


def values(content: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Presentation data values of a P-DATA-TF: context id, header, fragment. ValueError where they do not fit."""
    at, end = 0, len(content)
    if end == 0:
        raise ValueError("no value")
    while at < end:
        if end - at < _PDV.size:
            raise ValueError("a value ends early")
        length, context, control = _PDV.unpack_from(content, at)
        if length < 2 or length > end - at - 4:
            raise ValueError("a value is longer than its PDU")
        yield context, control, content[at + 6 : at + 4 + length]
        at += 4 + length


def fragments(context: int, content: Iterable[Bytes], *, longest: int, command: bool = False) -> Iterator[list[Bytes]]:
    """P-DATA-TF PDUs for a command set or a data set, in groups that are sent together. `longest`: of the content of a
    PDU, as the peer has said it; 0 for no limit."""
    room = (min(longest, LARGEST) if longest else LARGEST) - 6
    kind = COMMAND if command else 0
    full = _FRAME.pack(P_DATA, room + 6, room + 2, context, kind)  # nearly all of an image's PDUs begin alike
    held: list[Bytes] = []
    size = 0
    for piece, last in _cut(content, room):
        whole = len(piece) == room and not last
        held.append(full if whole else _frame(context, piece, kind | (LAST if last else 0)))
        held.append(piece)
        size += len(piece)
        if size >= _AT_ONCE or len(held) >= _PIECES:
            yield held
            held, size = [], 0
    if held:
        yield held


def _frame(context: int, piece: Bytes, control: int) -> bytes:
    return _FRAME.pack(P_DATA, len(piece) + 6, len(piece) + 2, context, control)


def one_piece(context: int, content: bytes, *, longest: int, command: bool = False) -> bytes:
    """The same PDUs in one piece, for content that is small: nearly always one PDU."""
    size = len(content)
    if size + 6 <= (longest or LARGEST) and size + 6 <= LARGEST:
        return _FRAME.pack(P_DATA, size + 6, size + 2, context, (COMMAND if command else 0) | LAST) + content
    every = fragments(context, [content], longest=longest, command=command)
    return b"".join(each for group in every for each in group)


def _cut(content: Iterable[Bytes], room: int) -> Iterator[tuple[memoryview, bool]]:
    """Fragments of at most `room` bytes, and whether each is the last one; an empty one where there is nothing."""
    waiting: memoryview | None = None
    for each in content:
        view = memoryview(each)
        for at in range(0, len(view), room):
            if waiting is not None:
                yield waiting, False
            waiting = view[at : at + room]
    yield (waiting if waiting is not None else memoryview(b"")), True
