"""Media types with parameters (RFC 9110 §8.3.1, §5.6.6), read leniently where clients err harmlessly.

Clients send `type=application/dicom` without quotation marks although a slash asks for them; it is understood.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from api.multipart.errors import BoundaryMissing

# RFC 2046 §5.1.1: at most 70 characters, and the last one is no space. Orthanc's client sends 73 all the same, so
# 128 are taken.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,127}[0-9A-Za-z'()+_,\-./:=?]")
_TYPE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,127}/[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,127}")
_PARAMETER = re.compile(
    r"[ \t]*;[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})[ \t]*=[ \t]*"
    r'(?:"((?:[^"\\]|\\.){0,512})"|([^;"\s]{0,512})))?'
)
_QUOTED_PAIR = re.compile(r"\\(.)")
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class MediaType:
    """`name` and the names of parameters in lower case; values as they are, without their quotation marks."""

    name: str
    parameters: Mapping[str, str]


def read_media_type(text: str) -> MediaType | None:
    """None for what is no media type. Of a parameter that is given twice the first counts."""
    text = text.strip(" \t")
    found = _TYPE.match(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    parameters: dict[str, str] = {}
    place = found.end()
    while place < len(text):
        each = _PARAMETER.match(text, place)
        if each is None or each.end() == place:
            return None
        if each[1]:
            value = _QUOTED_PAIR.sub(r"\1", each[2]) if each[2] is not None else each[3]
            parameters.setdefault(each[1].lower(), value)
        place = each.end()
    return MediaType(found[0].lower(), parameters)


def boundary_of(media_type: MediaType) -> bytes:
    """Raises `BoundaryMissing`."""
    named = media_type.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(named):
        raise BoundaryMissing
    return named.encode()
