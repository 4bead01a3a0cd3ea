"""Text as producers wrote it, in columns that do not take all of it.

PostgreSQL refuses U+0000, both drivers refuse lone surrogates (bytes that no character set explained), and a B-tree
key has a largest size. Dirty values are kept as found, so they are escaped on the way in and restored on the way out.
"""

import hashlib
import json
import re
from typing import Any

import orjson
from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from repository.domain.describing import Identifier

ESCAPE = "\u241b"  # SYMBOL FOR ESCAPE: itself escaped, so that the mapping is one to one
_UNFIT = re.compile(f"[\\x00\ud800-\udfff{ESCAPE}]")
_ESCAPED = re.compile(f"{ESCAPE}([0-9a-f]{{4}})")
_READER = json.JSONDecoder(strict=False)  # `json.loads` makes one each time, which takes as long as to read with it
LONGEST_KEY = 256  # bytes; PostgreSQL's limit for a whole index row is a third of a page, about 2,700


def fit(text: str) -> str:
    """`text` as both engines take it; `unfit` gives it back."""
    if text.isascii() and "\0" not in text:  # nearly all; several times faster than the search below
        return text
    return _UNFIT.sub(lambda match: f"{ESCAPE}{ord(match[0]):04x}", text) if _UNFIT.search(text) else text


def unfit(stored: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), stored) if ESCAPE in stored else stored


def key(text: str) -> str:
    """`text` for an indexed column: itself up to `LONGEST_KEY` bytes, else its start and its SHA-256.

    One to one for all practical purposes; the whole text is kept elsewhere in the row or in the facts.
    """
    if text.isascii() and len(text) <= LONGEST_KEY // 4:
        return text
    octets = text.encode("utf-8", "surrogatepass")
    if len(octets) <= LONGEST_KEY:
        return text
    return f"{text[:48]}…{hashlib.sha256(octets).hexdigest()}"


def identifier_key(identifier: Identifier | None) -> str:
    """What an identifier is found by, unescaped: columns of `Words` escape what they are compared with, and only rows
    that are inserted past them (`bulk.py`) need `fit` as well. Empty for none."""
    return "" if identifier is None else key(f"{identifier.root}^{identifier.extension}")


def packed(value: object) -> str:
    """Canonical JSON of `value` (sorted keys), fit for a column."""
    try:
        return fit(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())
    except TypeError:  # a lone surrogate, or a number beyond 64 bits; json writes all else as orjson does
        return fit(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def unpacked(stored: str) -> Any:
    """The value that was packed; a fresh one each time."""
    if stored == "{}":  # the digests of every item of a bare package, the parameters of most findings
        return {}
    return _READER.decode(unfit(stored))


class Words(TypeDecorator[str]):
    """Text in byte order on both engines, escaped by `fit`: equal, prefix and range conditions use plain indexes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's name
        return None if value is None else fit(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's name
        return None if value is None else unfit(value)
