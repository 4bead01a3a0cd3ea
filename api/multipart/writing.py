"""Parts into a multipart body, as it goes out: in constant memory, with a boundary that nothing holds by chance."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from api.multipart.errors import PartHeaderWrong


@dataclass(frozen=True, slots=True)
class Part:
    """`content`: pieces, taken when their turn comes. Names and values of header fields are ASCII without controls."""

    content: Iterable[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


def new_boundary() -> str:
    """192 bits of chance: whoever writes the content cannot know it, and no content holds it by accident before the
    universe has ended."""
    return f"edm-{secrets.token_hex(24)}"


def content_type(boundary: str, *, of: str) -> str:
    """The media type of a body whose root part is of type `of` (RFC 2387 §3.1)."""
    return f'multipart/related; type="{of}"; boundary="{boundary}"'


def written(parts: Iterable[Part], boundary: str) -> Iterator[bytes]:
    """The body. What the content of a part raises is raised here, and then the body has no end that looks like one.
    Raises `PartHeaderWrong` for a field that no reader would take."""
    delimiter = b"--" + boundary.encode() + b"\r\n"
    for number, part in enumerate(parts, 1):
        yield delimiter + _fields(part.headers, number) + b"\r\n"
        yield from part.content
        delimiter = b"\r\n--" + boundary.encode() + b"\r\n"
    yield b"\r\n--" + boundary.encode() + b"--\r\n"


def overhead(headers: Mapping[str, str], boundary: str) -> int:
    """Bytes that a part takes beside its content, so that a Content-Length can be told beforehand: the sum over all
    parts and `closing` is what `written` adds."""
    return len(boundary) + 6 + len(_fields(headers, 0)) + 2


def closing(boundary: str) -> int:
    """Bytes at the end. The first part has no line before its boundary, and two bytes less than the others."""
    return len(boundary) + 8 - 2


def _fields(headers: Mapping[str, str], number: int) -> bytes:
    lines = []
    for name, value in headers.items():
        plain = name.isascii() and name.replace("-", "").isalnum() and value.isascii()
        if not plain or any(ord(each) < 32 or ord(each) == 127 for each in value):
            raise PartHeaderWrong(part=number)
        lines.append(f"{name}: {value}\r\n".encode())
    return b"".join(lines)
