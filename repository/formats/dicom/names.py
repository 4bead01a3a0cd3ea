"""Attributes by the names that DICOMweb gives them (PS3.18 8.3.4.1): keyword or tag, and paths of these into sequences.

PatientName    00100010    RequestAttributesSequence.RequestedProcedureID    00400275.00401001
"""

import re
from functools import lru_cache

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag, tag_for_keyword

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_LONGEST = 200


@lru_cache(maxsize=4096)
def path_of(name: str) -> tuple[int, ...] | None:
    """The tags of an attribute; None for what is none. Private tags are attributes, whoever defined them."""
    if len(name) > _LONGEST:
        return None
    path = tuple(_tag_of(part) for part in name.split("."))
    known = [tag for tag in path if tag is not None]
    if len(known) != len(path) or any(_vr_of(tag) not in {"SQ", ""} for tag in known[:-1]):
        return None
    return tuple(known)


@lru_cache(maxsize=4096)
def name_of(path: tuple[int, ...]) -> str:
    """The keywords of a path; the tag where there is no keyword."""
    return ".".join(keyword_for_tag(tag) or f"{tag:08X}" for tag in path)


def _tag_of(part: str) -> int | None:
    if _TAG.fullmatch(part):
        tag = int(part, 16)
        return tag if (tag >> 16) % 2 or dictionary_has_tag(tag) else None
    return tag_for_keyword(part) if part.isascii() and part.isalnum() else None


def _vr_of(tag: int) -> str:
    return dictionary_VR(tag) if dictionary_has_tag(tag) else ""
