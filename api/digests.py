"""Digests in header fields: a strong ETag that is the SHA-256, and Repr-Digest (RFC 9530 §3)."""

import base64
import re

_ETAG = re.compile(r'\s*(?:W/)?"([^"]*)"\s*')


def etag(sha256: bytes) -> str:
    return f'"{sha256.hex()}"'


def repr_digest(sha256: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def matches(listed: str, tag: str) -> bool:
    """Whether `If-None-Match: listed` names `tag`, compared weakly (RFC 9110 §13.1.2)."""
    if listed.strip() == "*":
        return True
    return any((found := _ETAG.fullmatch(each)) and f'"{found[1]}"' == tag for each in listed.split(","))
