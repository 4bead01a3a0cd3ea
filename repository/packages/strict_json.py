"""JSON as RFC 8259 means it and no more: one value for each name, no NaN, of bounded size and depth."""

import json
from collections.abc import Sequence
from typing import BinaryIO

LARGEST = 1 << 20


class NotStrictJson(ValueError):
    """Not JSON, or a name twice in one object, or too large, or too deep."""


def read_strict_json(stream: BinaryIO, *, largest: int = LARGEST) -> object:
    """The value. Raises `NotStrictJson`; its text holds nothing of the content."""
    raw = stream.read(largest + 1)
    if len(raw) > largest:
        raise NotStrictJson("too large")
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise NotStrictJson("not UTF-8") from None
    except RecursionError:
        raise NotStrictJson("too deep") from None
    except NotStrictJson:
        raise
    except ValueError:
        raise NotStrictJson("not JSON") from None


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrictJson("a name twice")
    return found


def _no_constant(_: str) -> object:
    raise NotStrictJson("not a number")
