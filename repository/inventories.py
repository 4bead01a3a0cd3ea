"""Inventories of takeovers (DICOM Supplement 223), made for whoever asks, of what he may learn of; none is kept.

A kept one would hold every patient of a takeover under one key, and outlive the disposal of any of them. So it is told
anew each time from the catalogue, study by study, each batch a search with its account. A takeover that has ended does
not change: what is told follows from it and from what the asker may learn of alone, to the last byte, and so does the
UID. Of a takeover that still receives there is no inventory; a repository query walks through it.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from uuid import UUID

from repository.catalogue.errors import TakeoverUnknown
from repository.catalogue.images import Fixity
from repository.catalogue.paging import mark_of_hit
from repository.catalogue.query import MOST, Hit, Level, Query
from repository.domain.takeover import FINAL, Takeover
from repository.errand import Errand
from repository.formats.dicom.elements import EXPLICIT_LITTLE
from repository.formats.dicom.heading import heading
from repository.formats.dicom.inventory import (
    INVENTORY_STORAGE,
    InstanceRecord,
    InventoryWriter,
    SeriesRecord,
    StudyRecord,
    date_time,
)
from repository.runtime import Archive
from repository.searching import Looking, gathered
from storage.errors import ArchiveError, Text

_STUDIES, _INSTANCES = 100, 2000  # of which a batch holds at most, or one study
_VERSION = b"edm-archive inventory 1\0"
PURPOSE = "What was taken over, for whoever takes it on or checks that it is complete."


class NoInventory(ArchiveError):
    """There is none, or none for whoever asks: nobody can tell which."""

    code = "INV-002"
    exit_code = 10
    what = Text(
        en="There is no inventory of this takeover for you.", pl="Nie ma dla Ciebie spisu zawartości tego przejęcia."
    )
    todo = Text(
        en="An inventory is of a takeover that has ended and holds images that you may learn of.",
        pl="Spis obejmuje zakończone przejęcie z obrazami, o których wolno Ci wiedzieć.",
    )


class InventoryOvertaken(ArchiveError):
    """What the asker may learn of changed while he was told."""

    code = "INV-003"
    exit_code = 7
    retryable = True
    what = Text(
        en="What you may learn of changed while the inventory was made.",
        pl="Zakres, o którym wolno Ci wiedzieć, zmienił się podczas tworzenia spisu.",
    )
    todo = Text(en="Ask for it again.", pl="Poproś o niego jeszcze raz.")


@dataclass(frozen=True, slots=True)
class Inventory:
    """Of what somebody may learn of in an ended takeover: `studies`, one or more. `at`: DT, when the takeover ended."""

    takeover: Takeover
    uid: str
    studies: int
    at: str


def inventory_of(archive: Archive, errand: Errand, takeover: Takeover) -> Inventory:
    """The inventory of the takeover for the errand, after its account. Raises `NoInventory`."""
    found = inventories(archive, errand, [takeover.id])
    if not found:
        raise NoInventory
    return found[0]


def inventories(archive: Archive, errand: Errand, takeovers: Collection[str] | None) -> list[Inventory]:
    """Those of these takeovers (ids; None: of all) that there are for the errand, oldest first: one search with its
    account, though nothing is told of anybody. It looks at every study that the errand may learn of there."""
    ended = {each.number: each for each in _ended(archive, takeovers)}
    marks = {number: _Mark(archive, each) for number, each in ended.items()}

    def look(looking: Looking) -> tuple[None, list[Hit]]:
        query = Query(level=Level.STUDY, takeovers=tuple(sorted(ended)), limit=MOST)
        while True:
            page = looking.look(query)
            for number, hits in groupby(page.hits, key=lambda each: each.takeover):
                marks[number].add(list(hits))
            if not page.next:
                return None, []
            query = replace(query, after=page.next)

    gathered(archive, errand, look)
    found = [(ended[number], mark) for number, mark in sorted(marks.items()) if mark.studies]
    return [Inventory(each, mark.uid, mark.studies, date_time(each.closed_at)) for each, mark in found]


def described(what: Inventory) -> str:
    return f"Takeover {what.takeover.id}: what the asker may learn of."


def written(archive: Archive, errand: Errand, what: Inventory, *, syntax: str = EXPLICIT_LITTLE) -> Iterator[bytes]:
    """The data set of the inventory, in pieces: one study is in memory at a time, or a few that are small. The account
    of each batch is durable before its first piece; it names every patient of whom it tells. Raises
    `InventoryOvertaken` before the last piece where it is not that inventory any more."""
    writer = InventoryWriter(uid=what.uid, at=what.at, purpose=PURPOSE, description=described(what), syntax=syntax)
    query = Query(level=Level.STUDY, takeovers=(what.takeover.number,), limit=_STUDIES)
    mark = _Mark(archive, what.takeover)
    yield writer.opening()
    while True:
        batch = gathered(archive, errand, _Batch(archive, query).gather)
        mark.add(batch.studies)
        for study in batch.studies:
            yield writer.study(batch.record(study))
        if not batch.more:
            break
        query = replace(query, after=mark_of_hit(batch.studies[-1]))
    if mark.uid != what.uid:
        raise InventoryOvertaken
    yield writer.closing(mark.studies)


def as_file(archive: Archive, errand: Errand, what: Inventory) -> Iterator[bytes]:
    """The inventory as a file (PS3.10), in explicit VR little endian. Raises as `written`."""
    yield heading(INVENTORY_STORAGE, what.uid, EXPLICIT_LITTLE)
    yield from written(archive, errand, what)


class _Mark:
    """What an inventory is known by: the studies that it tells of, and how much there is in each."""

    def __init__(self, archive: Archive, takeover: Takeover) -> None:
        self._digest = sha256(_VERSION + archive.id.bytes + takeover.id.encode() + b"\0")
        self.studies = 0

    def add(self, hits: Sequence[Hit]) -> None:
        self.studies += len(hits)
        for hit in hits:
            said = [hit.patient, sorted(hit.values.items()), sorted(hit.counts.items())]
            self._digest.update(json.dumps(said).encode() + b"\n")

    @property
    def uid(self) -> str:
        """PS3.5 B.2."""
        return f"2.25.{UUID(bytes=self._digest.digest()[:16], version=5).int}"


class _Batch:
    """Some studies that follow each other, with all that is in them, as one search saw it. `more`: others follow."""

    def __init__(self, archive: Archive, query: Query) -> None:
        self._archive, self._query = archive, query
        self.studies: list[Hit] = []
        self.more = False
        self._series: dict[str, list[Hit]] = {}
        self._instances: dict[tuple[str, str], list[Hit]] = {}
        self._fixity: dict[int, Fixity] = {}

    def gather(self, looking: Looking) -> "tuple[_Batch, list[Hit]]":
        page = looking.look(self._query)
        held = 0
        for hit in page.hits:
            held += hit.counts.get("instances", 0)
            if self.studies and held > _INSTANCES:
                break
            self.studies.append(hit)
        self.more = bool(page.next) or len(self.studies) < len(page.hits)
        for study in self.studies:
            self._look_into(looking, study)
        return self, self.studies

    def _look_into(self, looking: Looking, study: Hit) -> None:
        below = replace(
            self._query, after="", limit=MOST, patient=study.patient, study_uids=(study.values["StudyInstanceUID"],)
        )
        key = mark_of_hit(study)
        self._series[key] = _all(looking, replace(below, level=Level.SERIES))
        images = _all(looking, replace(below, level=Level.INSTANCE))
        images.sort(key=lambda each: (each.values["SeriesInstanceUID"], each.ordinal))
        for series, own in groupby(images, key=lambda each: each.values["SeriesInstanceUID"]):
            self._instances[key, series] = list(own)
        self._fixity |= self._archive.catalogue.images.fixity(study.takeover, [each.ordinal for each in images])

    def record(self, study: Hit) -> StudyRecord:
        """A study of this batch."""
        key, told = mark_of_hit(study), list[SeriesRecord]()
        last = ""
        for series in self._series[key]:
            own = self._instances.get((key, series.values["SeriesInstanceUID"]), [])
            last = max([last, *(self._fixity[each.ordinal].received_at for each in own)])
            told.append(SeriesRecord(series.values, [self._instance(each) for each in own]))
        return StudyRecord(study.values, told, date_time(last) if last else "")

    def _instance(self, hit: Hit) -> InstanceRecord:
        known = self._fixity[hit.ordinal]
        return InstanceRecord(hit.values, known.sha256, known.size, known.log_index)


def _all(looking: Looking, query: Query) -> list[Hit]:
    """All of it belongs to a study that is told."""
    found: list[Hit] = []
    while True:
        page = looking.beside(query)
        found += page.hits
        if not page.next:
            return found
        query = replace(query, after=page.next)


def _ended(archive: Archive, takeovers: Collection[str] | None) -> Iterator[Takeover]:
    if takeovers is None:
        every = archive.catalogue.takeovers()
    else:
        every = []
        for each in sorted(takeovers):
            try:
                every.append(archive.catalogue.takeover(each))
            except TakeoverUnknown:
                continue  # there is nothing of it
    yield from (each for each in every if each.state in FINAL)
