"""Data elements as found: raw value bytes by tag, nested where a sequence is wanted, and the plan that says which.

A tag is an int, group in the high half: (0010,0020) is 0x00100020.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

SPECIFIC_CHARACTER_SET = 0x00080005
STOP_TAG = 0x52009230  # Per-frame Functional Groups Sequence: thousands of items, and pixel data comes after it

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
# PS3.5 A.5, and the JPIP ones that deflate the data set as well (A.4.7, A.4.13)
DEFLATED = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})


class UnusualEncoding(Exception):
    """Internal signal: not what the walker reads; pydicom shall look."""


class EndsEarly(UnusualEncoding):
    """Internal signal: the bytes end before the header does."""


@dataclass(slots=True)
class Elements:
    """What was found of a plan in one data set or item; `vrs` holds value representations that are not the
    registered ones (PS3.6)."""

    values: dict[int, bytes] = field(default_factory=dict)
    items: dict[int, "list[Elements]"] = field(default_factory=dict)
    vrs: dict[int, str] = field(default_factory=dict)


def swapped(tag: int) -> int:
    """The tag as its four little-endian bytes read as one number: element in the high half (PS3.5 7.3)."""
    return (tag & 0xFFFF) << 16 | tag >> 16


def vr_code(vr: str) -> int:
    """The two letters of a value representation as one little-endian number."""
    return int(struct.unpack("<H", vr.encode("ascii"))[0])


class Plan:
    """Which elements to read: `values` are plain ones, `sequences` have a plan for their items."""

    __slots__ = ("sequences", "swapped_sequences", "swapped_values", "values")

    def __init__(self, values: Iterable[tuple[int, str]], sequences: "dict[int, Plan] | None" = None) -> None:
        self.values: dict[int, str] = dict(values)
        self.sequences: dict[int, Plan] = sequences or {}
        self.swapped_values = {swapped(tag): (tag, vr_code(vr)) for tag, vr in self.values.items()}
        self.swapped_sequences = {swapped(tag): (tag, plan) for tag, plan in self.sequences.items()}


NOTHING = Plan(())
