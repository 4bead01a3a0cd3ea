"""Lines of a BagIt manifest (RFC 8493 2.1.3): a digest in hex, white space, a path with CR, LF and % encoded."""

import io
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

DIGEST_BYTES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+\*?(.+)")
LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """`written` is the path as the line has it, before decoding: some writers encode nothing."""

    path: str
    digest: bytes
    written: str = field(default="", compare=False)


def algorithm_of(file_name: str) -> tuple[str, bool]:
    """The algorithm in the name of a manifest, lower case without dashes (2.4), and whether it lists tag files.

    Empty where the name is not a manifest's.
    """
    match = re.fullmatch(r"(tag)?manifest-([A-Za-z0-9-]+)\.txt", file_name)
    return (match[2].replace("-", "").lower(), match[1] is not None) if match else ("", False)


def parse_manifest(lines: Iterable[str], algorithm: str) -> Iterator[ManifestLine | int]:
    """Each line, or its number (from 1) where it is none. Empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        match = LINE.fullmatch(text)
        path = decode_path(match[2].removeprefix("./")) if match else ""
        if match and path and len(match[1]) == 2 * DIGEST_BYTES[algorithm]:
            yield ManifestLine(path, bytes.fromhex(match[1]), written=match[2].removeprefix("./"))
        else:
            yield number


def manifest_text(lines: Iterable[ManifestLine]) -> Iterator[str]:
    """The inverse of `parse_manifest`, line by line, each with its line end."""
    for line in lines:
        yield f"{line.digest.hex()}  {encode_path(line.path)}\n"


def encode_path(path: str) -> str:
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def decode_path(path: str) -> str:
    """Only the three encoded characters are decoded; any other % stands for itself, as older writers meant it."""
    plain = {"%0d": "\r", "%0a": "\n", "%25": "%"}
    return re.sub(r"%(?:0[DdAa]|25)", lambda match: plain[match[0].lower()], path)


def text_lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Decoded lines without their ends (LF, CR LF or CR). A line too long for any path comes in pieces.

    Surrogates stand for bytes that do not decode (PEP 383), as in names on disk.
    """
    errors = "replace" if encoding.lower().startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(stream, encoding=encoding, errors=errors)
    try:
        first = text.readline(LONGEST_LINE).removeprefix("\ufeff")
        for line in itertools.chain((first,), iter(lambda: text.readline(LONGEST_LINE), "")):
            yield line.rstrip("\n")
    finally:
        text.detach()
