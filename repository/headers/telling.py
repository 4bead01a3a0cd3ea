"""The metadata of images told to somebody: decided and accounted for as any reading, from header objects alone.

Images that say the same of patient, study and series are decided together, for a decision knows no more of an image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

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
    parts = _parts(archive, errand, named)
    digest = sha256(repr((named, [each.ordinals and sorted(each.ordinals) for each in parts])).encode())
    for each in parts:
        digest.update(each.header.sha256)
    return Told(digest.digest(), _pieces(archive, parts, sop=named.sop))


def _parts(archive: Archive, errand: Errand, named: Named) -> list[_Part]:
    """What is named is found in the transaction in which it is decided, and what lies where of what was admitted is
    asked in one other: each question in one of its own, of which there were six more, took as long again."""
    looking = _Looking(archive, named)
    for admitted in admit(archive, errand, looking.found(), operation=Operation.READ):
        looking.take(admitted)
    with archive.catalogue.together():
        parts = [looking.part(key, series) for key, series in looking.admitted()]
    return [
        _Part(takeover, key, warrant, known or _made(archive, takeover, key), ordinals)
        for takeover, key, warrant, known, ordinals in parts
    ]


class _Looking:
    """What is named, by series, and what of it was admitted."""

    def __init__(self, archive: Archive, named: Named) -> None:
        self._archive, self._named = archive, named
        self._takeovers: dict[int, Takeover] = {}
        self._series: dict[SeriesKey, _Series] = {}
        self._by_first: dict[tuple[int, int], Alike] = {}

    def found(self) -> Iterator[Found]:
        """For each group of images that are alike its first one, which stands for all."""
        known, named = self._archive.catalogue, self._named
        for each in known.images.alike(named.study, series=named.series, sop=named.sop):
            number = each.series.takeover
            if number not in self._takeovers:
                self._takeovers[number] = known.takeover_by_number(number)
            self._series.setdefault(each.series, _Series()).alike.append(each)
            self._by_first[number, each.first] = each
            yield _found(self._archive, self._takeovers[number], each)

    def take(self, admitted: Admitted) -> None:
        alike = self._by_first[admitted.found.takeover.number, admitted.found.holding.ordinal]
        self._series[alike.series].admitted.append((alike, admitted))

    def admitted(self) -> list[tuple[SeriesKey, _Series]]:
        return [(key, series) for key, series in self._series.items() if series.admitted]

    def part(
        self, key: SeriesKey, series: _Series
    ) -> tuple[Takeover, SeriesKey, Warrant, SeriesHeader | None, frozenset[int] | None]:
        """As `_Part`; None for a header that is yet to be made."""
        images, takeover = self._archive.catalogue.images, self._takeovers[key.takeover]
        every = len(series.admitted) == len(series.alike)
        ordinals = None if every else frozenset().union(*(images.ordinals(alike) for alike, _ in series.admitted))
        known = current(self._archive, key, takeover_id=takeover.id)
        return takeover, key, series.admitted[0][1].warrant, known, ordinals


def _found(archive: Archive, takeover: Takeover, alike: Alike) -> Found:
    _, first, _ = archive.catalogue.images.extent(alike.series)
    place = prefix_of(takeover.id, patient=alike.series.patient, first=first)
    holding = archive.catalogue.holding(alike.series.takeover, alike.first)
    return Found(takeover, holding, images=alike.instances, places=(place,))


def _header(archive: Archive, takeover: Takeover, series: SeriesKey) -> SeriesHeader:
    return current(archive, series, takeover_id=takeover.id) or _made(archive, takeover, series)


def _made(archive: Archive, takeover: Takeover, series: SeriesKey) -> SeriesHeader:
    return make(archive, takeover, series, warrant=warrant_for(archive, takeover))


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
