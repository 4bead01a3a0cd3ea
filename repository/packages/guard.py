"""What is refused in a package, by name, so that the rest of it can be taken.

A refusal never hides anything: the entry becomes an item with its label and the code that explains it. Nothing in
the archive ever uses a name from a package as a path, so these rules protect whoever unpacks a copy later, the
statement (one name, one file) and the machine that reads.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from repository.packages.labels import text_of
from repository.packages.source import Entry, EntryKind


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a package may hold. `entries` is a limit of the package; all others refuse single entries.

    `ratio` (unpacked to packed size) is asked only of members larger than `ratio_floor` bytes: an honest image of
    one colour packs a thousandfold, and a small member harms nobody.
    """

    entries: int = 5_000_000
    total_bytes: int = 64 << 40
    member_bytes: int = 1 << 40
    ratio: int = 200
    ratio_floor: int = 64 << 20
    path_bytes: int = 2_048
    depth: int = 64
    header_bytes: int = 1 << 20  # one extended header of a tar


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` is a finding code; `path` is the label, made unique where several entries share it."""

    path: str
    code: str


def refusals(entries: Sequence[Entry], limits: Limits) -> dict[int, Refusal]:
    """Index in `entries` → refusal, for each entry that is not taken. A folder that is fine is in neither."""
    names = Counter(entry.path for entry in entries if entry.kind is not EntryKind.DIRECTORY)
    twice = {path for path, count in names.items() if count > 1}
    met: Counter[str] = Counter()
    total = 0
    refused: dict[int, Refusal] = {}
    for index, entry in enumerate(entries):
        code = _judge(entry, limits)
        path = entry.path
        if path in twice and entry.kind is not EntryKind.DIRECTORY:
            met[path] += 1
            code = code or "PKG-NAME-TWICE"
            path = path if met[path] == 1 else f"{path}\\#{met[path]}"  # no label holds `\#`: it stays unique
        if not code and entry.kind is EntryKind.FILE:
            if total + entry.size > limits.total_bytes:
                code = "PKG-TOTAL"
            else:
                total += entry.size
        if code:
            refused[index] = Refusal(path, code)
    return refused


# Whatever may break one of the rules of `check_name` for the characters of a path.
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|\A[A-Za-z]:|(?:\A|/)\.{0,2}(?:/|\Z)")


def check_name(label: str, limits: Limits) -> str:
    """The code of a finding if this is no honest relative path, otherwise empty."""
    text = text_of(label)
    if not _ODD.search(text) and len(label) * 4 <= limits.path_bytes and text.count("/") < limits.depth:
        return ""  # nearly all: ten times faster than to ask for each
    parts = text.split("/")
    rules = (
        (any(_is_control(character) for character in text), "PKG-PATH-CONTROL"),
        ("\\" in text, "PKG-PATH-BACKSLASH"),
        (text.startswith("/"), "PKG-PATH-ABSOLUTE"),
        (re.match(r"[A-Za-z]:", text) is not None, "PKG-PATH-DRIVE"),
        (".." in parts, "PKG-PATH-TRAVERSAL"),
        ("" in parts or "." in parts, "PKG-PATH-UNCLEAR"),
        (len(label.encode()) > limits.path_bytes, "PKG-PATH-TOO-LONG"),
        (len(parts) > limits.depth, "PKG-PATH-TOO-DEEP"),
    )
    return next((code for broken, code in rules if broken), "")


def _judge(entry: Entry, limits: Limits) -> str:
    return check_name(entry.path, limits) or _KINDS.get(entry.kind, "") or entry.obstacle or _oversize(entry, limits)


_KINDS = {EntryKind.LINK: "PKG-LINK", EntryKind.SPECIAL: "PKG-SPECIAL"}


def _oversize(entry: Entry, limits: Limits) -> str:
    if entry.size > limits.member_bytes:
        return "PKG-TOO-LARGE"
    packed = max(entry.packed, 1)
    if entry.packed >= 0 and entry.size > max(limits.ratio_floor, limits.ratio * packed):
        return "PKG-BOMB"
    return ""


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0


def walk_files(entries: Sequence[Entry], refused: dict[int, Refusal]) -> Iterator[tuple[Entry, Refusal | None]]:
    """Everything that becomes an item, in the order of the listing: files, and whatever is refused."""
    for index, entry in enumerate(entries):
        refusal = refused.get(index)
        if refusal is not None or entry.kind is EntryKind.FILE:
            yield entry, refusal
