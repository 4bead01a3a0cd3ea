"""Reading a bag (BagIt, RFC 8493): what it declares of its items, and where it does not keep the rules.

Digests are not computed here: they are compared when each item is read, once. `Payload-Oxum` is compared with the
listing. Nothing is fetched: an item that `fetch.txt` names and that is not there is missing, and said to be so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from repository.findings import Finding
from repository.packages.bag_manifest import (
    DIGEST_BYTES,
    ManifestLine,
    algorithm_of,
    decode_path,
    parse_manifest,
    text_lines,
)
from repository.packages.declared import Declarations
from repository.packages.errors import ItemUnreadable
from repository.packages.labels import label_of_text
from repository.packages.view import View

VERSIONS = frozenset({"0.93", "0.94", "0.95", "0.96", "0.97", "1.0"})
STRUCTURE = frozenset({"bagit.txt", "bag-info.txt", "fetch.txt"})
ENCODINGS = re.compile(r"utf-?8|utf-?16|us-ascii|iso-8859-(?:1|2|15)|windows-125[02]", re.IGNORECASE)


@dataclass(slots=True)
class Bag:
    """`declares`: at least one payload manifest could be read. `fetched` holds labels that only `fetch.txt` has."""

    declared: Declarations = field(default_factory=Declarations)
    info: Mapping[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    declares: bool = False
    to_fetch: set[str] = field(default_factory=set)


def read_bag(view: View) -> Bag:
    """Never raises for what is in the bag: all that is wrong with it is in `findings`."""
    bag = Bag()
    encoding = _declaration(view, bag)
    algorithms: set[str] = set()
    for path in sorted(path for path in view.paths() if "/" not in path):
        algorithm, of_tags = algorithm_of(path)
        if path in STRUCTURE or algorithm:
            bag.declared.add(path)
        if algorithm and algorithm not in DIGEST_BYTES:
            bag.findings.append(Finding("PKG-BAG-ALGORITHM", path, {"algorithm": algorithm}))
        elif algorithm:
            _manifest(view, bag, path=path, encoding=encoding)
            algorithms |= set() if of_tags else {algorithm}
    bag.declares = bool(algorithms)
    if not algorithms:
        bag.findings.append(Finding("PKG-BAG-NO-MANIFEST"))
    _compare_manifests(bag, algorithms)
    _fetch(view, bag, encoding)
    _info(view, bag, encoding)
    _oxum(view, bag)
    return bag


def _lines(view: View, bag: Bag, *, path: str, encoding: str) -> Iterator[str]:
    try:
        with closing(view.open(path)) as stream:
            yield from text_lines(stream, encoding)
    except ItemUnreadable as error:
        bag.findings.append(Finding("PKG-BAG-UNREADABLE", path, {"reason": error.finding}))


def tag_values(lines: Iterable[str]) -> dict[str, str]:
    """`Label: value` lines with indented continuations (2.2.2), labels in lower case; of several the first."""
    values: dict[str, str] = {}
    last = ""
    for line in lines:
        if line[:1] in (" ", "\t") and last:
            values[last] = f"{values[last]} {line.strip()}"
            continue
        label, colon, value = line.partition(":")
        last = label.strip().lower() if colon else ""
        if last in values:
            last = ""
        elif last:
            values[last] = value.strip()
    return values


def _declaration(view: View, bag: Bag) -> str:
    values = tag_values(_lines(view, bag, path="bagit.txt", encoding="utf-8"))
    version, encoding = values.get("bagit-version", ""), values.get("tag-file-character-encoding", "")
    if not version or not encoding:
        bag.findings.append(Finding("PKG-BAG-DECLARATION", "bagit.txt"))
    elif version not in VERSIONS:
        bag.findings.append(Finding("PKG-BAG-VERSION", "bagit.txt"))
    if encoding and not ENCODINGS.fullmatch(encoding):
        bag.findings.append(Finding("PKG-BAG-ENCODING", "bagit.txt"))
        return "utf-8"
    return encoding or "utf-8"


def _manifest(view: View, bag: Bag, *, path: str, encoding: str) -> None:
    algorithm, of_tags = algorithm_of(path)
    bad: list[int] = []
    conflicts = outside = 0
    for line in parse_manifest(_lines(view, bag, path=path, encoding=encoding), algorithm):
        if not isinstance(line, ManifestLine):
            bad.append(line)
            continue
        label = _label(view, line)
        outside += label.startswith("data/") is of_tags
        conflicts += not bag.declared.add_digest(label, algorithm, digest=line.digest)
    if bad:
        bag.findings.append(Finding("PKG-BAG-LINE", path, {"count": len(bad), "first": bad[0]}))
    if conflicts:
        bag.findings.append(Finding("PKG-BAG-CONFLICT", path, {"count": conflicts}))
    if outside:
        bag.findings.append(Finding("PKG-BAG-OUTSIDE", path, {"count": outside}))


def _label(view: View, line: ManifestLine) -> str:
    """A name that is there as it is written and not as it decodes comes from a writer that encodes nothing.

    bagit-python is one (1.8): it writes and reads `%25` in a name as three characters.
    """
    decoded, written = label_of_text(line.path), label_of_text(line.written)
    return written if decoded not in view and written in view else decoded


def _compare_manifests(bag: Bag, algorithms: set[str]) -> None:
    """Each payload manifest lists every payload file (2.1.3; required of version 1.0)."""
    lacking = sum(
        1 for label in bag.declared if label.startswith("data/") and not algorithms <= bag.declared.algorithms(label)
    )
    if lacking:
        bag.findings.append(Finding("PKG-BAG-MANIFESTS-DIFFER", params={"count": lacking}))


def _fetch(view: View, bag: Bag, encoding: str) -> None:
    """Lines of `URL length path` (2.2.3); the length may be a dash."""
    if "fetch.txt" not in view:
        return
    bad = []
    for number, line in enumerate(_lines(view, bag, path="fetch.txt", encoding=encoding), 1):
        match = re.fullmatch(r"(\S+)[ \t]+(\d{1,18}|-)[ \t]+(.+)", line)
        if match is None:
            bad += [number] if line.strip() else []
            continue
        label = label_of_text(decode_path(match[3].removeprefix("./")))
        bag.declared.add(label, size=-1 if match[2] == "-" else int(match[2]))
        if label not in view:
            bag.to_fetch.add(label)
    if bad:
        bag.findings.append(Finding("PKG-BAG-LINE", "fetch.txt", {"count": len(bad), "first": bad[0]}))
    if bag.to_fetch:
        bag.findings.append(Finding("PKG-BAG-FETCH", "fetch.txt", {"count": len(bag.to_fetch)}))


def _info(view: View, bag: Bag, encoding: str) -> None:
    if "bag-info.txt" in view:
        bag.info = tag_values(_lines(view, bag, path="bag-info.txt", encoding=encoding))


def _oxum(view: View, bag: Bag) -> None:
    """`Payload-Oxum: octets.streams` against the listing (2.2.2)."""
    oxum = bag.info.get("payload-oxum", "")
    if not oxum:
        return
    match = re.fullmatch(r"(\d{1,18})\.(\d{1,18})", oxum)
    if match is None:
        bag.findings.append(Finding("PKG-BAG-OXUM-FORM", "bag-info.txt"))
        return
    sizes = [view.entry(path).size for path in view.paths() if path.startswith("data/")]
    declared, found = (int(match[1]), int(match[2])), (sum(sizes), len(sizes))
    if declared != found:
        params = {"octets": declared[0], "streams": declared[1], "found": found[0], "count": found[1]}
        bag.findings.append(Finding("PKG-OXUM", "bag-info.txt", params))
