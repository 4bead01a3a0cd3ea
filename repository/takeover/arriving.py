"""An item is read from the package, once: hashed, identified by content, described, held against its declaration.

What can go wrong: the item cannot be read (it is MISSING, with the reason), it is hostile (REFUSED, by name), it is
not what was declared (ALTERED: kept all the same). A bad item never stops a takeover; a package that changes does.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO

from repository.domain.describing import Description
from repository.domain.takeover import Disposition, Item
from repository.findings import Finding
from repository.formats import HOSTILE
from repository.formats.describe import HEAD_BYTES, describe
from repository.packages.errors import ItemUnreadable
from repository.packages.package import HandoverPackage
from storage.digests import Digesting, pieces
from storage.objects.port import Bytes

SMALL = 4 << 20  # bytes up to which an item is held in memory; larger ones are streamed as they are sealed
_NOWHERE = Item(0, "")
_STRENGTH = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")


@dataclass(slots=True)
class Arrival:
    """An item on its way in. Digests are known at once for small items and for those that were hashed as they came;
    for what is streamed from a package after sealing, and `sha256` is empty until then."""

    item: Item
    description: Description
    content: bytes | None
    reopen: Callable[[], Iterator[bytes]] | None = None  # of a streamed item
    declared: bool = False  # whether the package declares its items at all
    sha256: bytes = b""
    sha1: bytes = b""  # of documents alone, once their digests are settled
    size: int = 0
    patient: int = 0
    conflicts_with: int = 0
    disposition: Disposition = Disposition.PENDING
    says: bytes = b""  # `said_by` of the description, where that was made already
    _passing: Digesting | None = None

    def parts(self) -> Iterable[Bytes]:
        """The bytes to seal; for a streamed item, reading them makes the digests."""
        if self.content is not None:
            return (self.content,)
        return self.restart()

    def restart(self) -> Iterable[Bytes]:
        """The bytes of a streamed item from its first, with fresh digests."""
        if self.reopen is None:
            raise RuntimeError("internal: an arrival without bytes")
        also = ("sha1",) if self.description.document is not None else ()
        self._passing = Digesting(self.reopen(), algorithms={*_needed(self.item.declared_digests), *also})
        return self._passing

    def under(self, item: Item) -> "Arrival":
        """As it came, under another item; nothing has been read of it again yet. `dataclasses.replace` looks at each
        field by its name: 10 µs for an image that is pushed, and 4 so."""
        return Arrival(
            item,
            self.description,
            self.content,
            self.reopen,
            self.declared,
            self.sha256,
            self.sha1,
            self.size,
            self.patient,
            self.conflicts_with,
            self.disposition,
            self.says,
        )

    def note(self, finding: Finding) -> None:
        """It is said of the item too; what was made of its description before does not have it, and is made anew."""
        self.description = replace(self.description, findings=(*self.description.findings, finding))
        self.says = b""

    def bare(self) -> "Arrival":
        """As it travels between processes: without its item, its bytes, and the way to them (`revived`)."""
        return replace(self, item=_NOWHERE, content=None, reopen=None)

    def settle_digests(self) -> None:
        """Size, digest and disposition are known after this; a streamed item has been read to its end."""
        if self._passing is not None:
            self.size, self.sha256 = self._passing.size, self._passing.digest()
            made = self._passing.hexdigests()
            self.sha1 = bytes.fromhex(made.get("sha1", ""))
            judged = {name: made[name] for name in ("sha256", *_needed(self.item.declared_digests))}
            self.disposition = _judge(self.item, self.size, judged, declared=self.declared)
        elif self.content is not None and self.description.document is not None:
            self.sha1 = hashlib.sha1(self.content, usedforsecurity=False).digest()  # what IHE MHD tells


def arrive(package: HandoverPackage, item: Item) -> Arrival | Item:
    """The arrival of `item`, or the item as it is settled without bytes, with the code that says why."""
    return _described(package, item, _taken(package, item))


def arrive_all(package: HandoverPackage, items: Sequence[Item]) -> list[Arrival | Item]:
    """As `arrive` for each of `items`, in their order.

    All are read before any is described: what opens files and what describes them push each other out of the
    processor's caches, and took 190 µs for a file of 8 KiB, not 163.
    """
    contents = [_taken(package, item) for item in items]
    return [_described(package, item, content) for item, content in zip(items, contents, strict=True)]


def _taken(package: HandoverPackage, item: Item) -> bytes | None:
    """The item, or the beginning of a large one; None where it cannot be read."""
    try:
        with package.open(item.path) as stream:
            if item.size > SMALL:
                return _read(stream, HEAD_BYTES, enough=HEAD_BYTES)
            # One byte more than listed: reading to the end is what makes the package check itself.
            return _read(stream, item.size + 1, enough=item.size)
    except ItemUnreadable:
        return None


def _described(package: HandoverPackage, item: Item, content: bytes | None) -> Arrival | Item:
    if content is None:
        return unreadable(item)
    if item.size <= SMALL:
        return _unless_hostile(_small(item, content, declared=package.declared))
    try:
        return _unless_hostile(_large(package, item, content))
    except ItemUnreadable:
        return unreadable(item)


def revived(bare: Arrival, item: Item, content: bytes | None, *, package: HandoverPackage) -> Arrival:
    """What `arrive` gave for `item` in another process, here; `content` is None for what is streamed."""
    bare.item, bare.content = item, content
    if content is None:
        bare.reopen = lambda: _reopened(package, item.path)
    return bare


def arrive_whole(item: Item, content: bytes, *, sha256: bytes) -> Arrival | Item:
    """As `arrive`, for bytes that came without a package, declare nothing, and were hashed as they came."""
    description = describe(content[:HEAD_BYTES], size=len(content), open_rest=lambda: BytesIO(content))
    return _unless_hostile(
        Arrival(item, description, content, sha256=sha256, size=len(content), disposition=Disposition.KEPT)
    )


def arrive_waiting(
    item: Item, sha256: bytes, *, reopen: Callable[[], Iterator[bytes]], stream: Callable[[], BinaryIO]
) -> Arrival | Item:
    """As `arrive_whole`, for bytes that wait elsewhere; `reopen` and `stream` give them from the first, and `sha256`
    was made as they came."""
    with stream() as opened:
        head = _read(opened, HEAD_BYTES, enough=HEAD_BYTES)
    description = describe(head, size=item.size, open_rest=stream)
    return _unless_hostile(
        Arrival(
            item,
            description,
            None,
            reopen=reopen,
            sha256=sha256,
            size=item.size,
            disposition=Disposition.KEPT,
        )
    )


def _unless_hostile(arrival: Arrival) -> Arrival | Item:
    if hostile := [found for found in arrival.description.findings if found.code in HOSTILE]:
        return replace(arrival.item, disposition=Disposition.REFUSED, reason=hostile[0].code)
    return arrival


def unreadable(item: Item) -> Item:
    """`item`, settled: it is listed, and its bytes cannot be had."""
    return replace(item, disposition=Disposition.MISSING, reason="TKO-UNREADABLE")


def _read(stream: BinaryIO, size: int, *, enough: int) -> bytes:
    """Up to `size` bytes, and at least `enough` unless there are no more; a reader may give less at a time."""
    held = stream.read(size)
    while len(held) < enough and (more := stream.read(size - len(held))):
        held += more
    return held


def _small(item: Item, content: bytes, *, declared: bool) -> Arrival:
    digest = hashlib.sha256(content)
    description = describe(content[:HEAD_BYTES], size=len(content), open_rest=lambda: BytesIO(content))
    hexdigests = {"sha256": digest.hexdigest()}
    for name in _needed(item.declared_digests):
        hexdigests[name] = hashlib.new(name, content).hexdigest()
    disposition = _judge(item, len(content), hexdigests, declared=declared)
    return Arrival(item, description, content, sha256=digest.digest(), size=len(content), disposition=disposition)


def _large(package: HandoverPackage, item: Item, head: bytes) -> Arrival:
    description = describe(head[:HEAD_BYTES], size=item.size, open_rest=lambda: package.open(item.path))
    return Arrival(
        item,
        description,
        None,
        reopen=lambda: _reopened(package, item.path),
        declared=package.declared,
        size=item.size,
    )


def _reopened(package: HandoverPackage, path: str) -> Iterator[bytes]:
    with package.open(path) as stream:
        yield from pieces(stream)


def _needed(declared: Mapping[str, str]) -> tuple[str, ...]:
    """The strongest declared algorithm, unless it is SHA-256, which is made anyway: no byte is hashed in vain."""
    if "sha256" in declared:
        return ()
    return next(((name,) for name in _STRENGTH if name in declared), ())


def _judge(item: Item, size: int, hexdigests: Mapping[str, str], *, declared: bool) -> Disposition:
    if not item.declared:
        return Disposition.UNEXPECTED if declared else Disposition.KEPT
    same_size = item.declared_size in (-1, size)
    same_bytes = all(item.declared_digests.get(name, value) == value for name, value in hexdigests.items())
    return Disposition.KEPT if same_size and same_bytes else Disposition.ALTERED
