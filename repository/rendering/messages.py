"""What the archive and a process that decodes say to each other: a JSON object and bytes. No pickles: a codec that was
taken over by its input shall not take over whoever reads its answer."""

import socket
import time
from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any

import orjson

_HEAD = Struct(">IQ")
_MOST_WORDS = 1 << 20
MOST = 1 << 30  # bytes beside the words


class MessageWrong(Exception):
    """Internal signal: the other side said what cannot be."""


def send(to: socket.socket, words: Mapping[str, Any], content: bytes = b"", *, until: float = 0) -> None:
    """Raises `TimeoutError` at `until` (monotonic; 0: never), and `OSError` where nobody listens any more."""
    said = orjson.dumps(words)
    rest = memoryview(_HEAD.pack(len(said), len(content)) + said + content)
    while rest:
        _wait(to, until)
        rest = rest[to.send(rest[: 1 << 20]) :]


def receive(source: socket.socket, *, until: float = 0) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None where the other side has closed before one. Raises `MessageWrong`, `TimeoutError`."""
    first = _exactly(source, _HEAD.size, until)
    if not first:
        return None
    words, content = _HEAD.unpack(first)
    if words > _MOST_WORDS or content > MOST:
        raise MessageWrong
    raw = _exactly(source, words, until)
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MessageWrong from error
    if not isinstance(said, dict):
        raise MessageWrong
    found = _exactly(source, content, until)
    if len(found) != content:
        raise MessageWrong
    return said, found


def _exactly(source: socket.socket, count: int, until: float) -> bytes:
    held = bytearray()
    while len(held) < count:
        _wait(source, until)
        piece = source.recv(min(count - len(held), 1 << 20))
        if not piece:
            if held:
                raise MessageWrong
            return b""
        held += piece
    return bytes(held)


def _wait(on: socket.socket, until: float, now: Callable[[], float] = time.monotonic) -> None:
    if until:
        left = until - now()
        if left <= 0:
            raise TimeoutError
        on.settimeout(left)
