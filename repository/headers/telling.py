"""The metadata of images told to somebody: decided and accounted for as any reading, from header objects alone.

Images that say the same of patient, study and series are decided together, for a decision knows no more of an image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.catalogue.images import Alike, SeriesHeader, SeriesKey
from repository.domain.takeover import Takeover
from repository.headers.making import current, make, prefix_of, warrant_for
from repository.headers.packing import HeadersDamaged, Index, by_block, chosen_from, index_of, inflated
from repository.opening import Admitted, Errand, Found, admit
from repository.runtime import Archive
from storage.errors import ObjectMissing, SealBroken
from storage.sealing.pack import SealedMember
from storage.warrants import Warrant


@dataclass(frozen=True, slots=True)
class Named:
    """UIDs as they are asked for; `series` and `sop` may be empty."""

    study: str
    series: str = ""
    sop: str = ""


@dataclass(slots=True)
class _Part:
    """What may be told of one series; `ordinals` None: all of it."""

    takeover: Takeover
    series: SeriesKey
    warrant: Warrant
    header: SeriesHeader
    ordinals: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Told:
    """`sha256` changes where anything changes that is told. `pieces` gives JSON objects, joined by commas in each."""

    sha256: bytes
    pieces: Iterator[bytes]


@dataclass(slots=True)
class _Series:
    alike: list[Alike] = field(default_factory=list)
    admitted: list[tuple[Alike, Admitted]] = field(default_factory=list)


def tell(archive: Archive, errand: Errand, named: Named) -> Told:
    """The metadata of what is named and may be read. Raises `AccessRefused`, and what opening raises."""
    groups = archive.catalogue.images.alike(named.study, series=named.series, sop=named.sop)
    parts = _parts(archive, errand, groups)
    digest = sha256(repr((named, [each.ordinals and sorted(each.ordinals) for each in parts])).encode())
    for each in parts:
        digest.update(each.header.sha256)
    return Told(digest.digest(), _pieces(archive, parts, sop=named.sop))


def _parts(archive: Archive, errand: Errand, groups: Sequence[Alike]) -> list[_Part]:
    takeovers = {number: archive.catalogue.takeover_by_number(number) for number in {g.series.takeover for g in groups}}
    found: dict[SeriesKey, _Series] = {}
    by_first: dict[tuple[int, int], Alike] = {}
    for each in groups:
        found.setdefault(each.series, _Series()).alike.append(each)
        by_first[each.series.takeover, each.first] = each
    wanted = [_found(archive, takeovers[each.series.takeover], each) for each in groups]
    for admitted in admit(archive, errand, wanted, operation=Operation.READ):
        alike = by_first[admitted.found.takeover.number, admitted.found.holding.ordinal]
        found[alike.series].admitted.append((alike, admitted))
    parts = []
    for key, series in found.items():
        if not series.admitted:
            continue
        every = len(series.admitted) == len(series.alike)
        ordinals = (
            None if every else frozenset().union(*(archive.catalogue.images.ordinals(a) for a, _ in series.admitted))
        )
        takeover, warrant = takeovers[key.takeover], series.admitted[0][1].warrant
        header = _header(archive, takeover, key)
        parts.append(_Part(takeover, key, warrant, header, ordinals))
    if not parts:
        raise AccessRefused
    return parts


def _found(archive: Archive, takeover: Takeover, alike: Alike) -> Found:
    _, first, _ = archive.catalogue.images.extent(alike.series)
    place = prefix_of(takeover.id, patient=alike.series.patient, first=first)
    holding = archive.catalogue.holding(alike.series.takeover, alike.first)
    return Found(takeover, holding, images=alike.instances, places=(place,))


def _header(archive: Archive, takeover: Takeover, series: SeriesKey) -> SeriesHeader:
    known = current(archive, series, takeover_id=takeover.id)
    return known or make(archive, takeover, series, warrant=warrant_for(archive, takeover))


def _pieces(archive: Archive, parts: Sequence[_Part], *, sop: str) -> Iterator[bytes]:
    for part in parts:
        try:
            index = _index(archive, part)
        except (SealBroken, ObjectMissing, HeadersDamaged):  # derived: it is made again from what is true
            archive.catalogue.images.forget_header(part.header)
            part.header = _header(archive, part.takeover, part.series)
            index = _index(archive, part)
        yield from _blocks(archive, part, index, sop=sop)


def _index(archive: Archive, part: _Part) -> Index:
    return index_of(_opened(archive, part, 0, part.header.index_length))


def _blocks(archive: Archive, part: _Part, index: Index, *, sop: str) -> Iterator[bytes]:
    every = part.ordinals is None and not sop
    entries = [
        each
        for each in index.entries
        if every or ((part.ordinals is None or each.ordinal in part.ordinals) and sop in ("", each.sop))
    ]
    for number, wanted in by_block(entries):
        block = inflated(_opened(archive, part, *index.blocks[number]))
        yield block if every else chosen_from(block, wanted)


def _opened(archive: Archive, part: _Part, offset: int, length: int) -> bytes:
    header = part.header
    member = SealedMember(header.offset, header.length, header.sealed_sha256)
    vault = archive.vault
    return b"".join(vault.open_range(header.key, member, offset=offset, length=length, warrant=part.warrant))
