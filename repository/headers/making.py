"""Header objects made: each instance of a series is opened as far as its header goes, by the archive itself.

That is the archive's own upkeep, with its account; nothing of it leaves the archive. What cannot be read as a data set
is told by what the catalogue knows of it.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

from repository.access.purpose import Purpose
from repository.canonical import canonical
from repository.catalogue.images import SeriesHeader, SeriesKey
from repository.domain.describing import DicomFacts
from repository.domain.holding import Holding
from repository.domain.takeover import Takeover
from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.frames import Frames, FramesUnclear
from repository.formats.dicom.json_model import json_of, json_of_facts
from repository.formats.dicom.scanning import Read, rest, scan
from repository.headers.packing import packed
from repository.opening import upkeep
from repository.runtime import Archive
from repository.takeover.sealing import place_of
from storage.errors import RecordKeyMissing
from storage.keys.record_keys import RecordKey
from storage.warrants import Warrant

FOLDER = "headers"
FORMAT = "edm-archive headers 1"


def prefix_of(takeover_id: str, *, patient: int, first: int) -> str:
    """What the names of the header objects of a series begin with; `first` is the lowest ordinal of its images."""
    return f"{FOLDER}/{takeover_id}/{patient}/{first}/"


def current(archive: Archive, series: SeriesKey, *, takeover_id: str) -> SeriesHeader | None:
    """The header of the series as it is now; None where there is none, or one of what it was before."""
    known = archive.catalogue.images.header(series)
    if known is None:
        return None
    count, first, last = archive.catalogue.images.extent(series)
    own = prefix_of(takeover_id, patient=series.patient, first=first)
    fits = (known.instances, known.last_ordinal) == (count, last) and known.key.startswith(own)
    return known if fits else None


def warrant_for(archive: Archive, takeover: Takeover) -> Warrant:
    """To open the images of a takeover for the sake of their headers, accounted for."""
    return upkeep(archive, Purpose.MAINTENANCE, takeover=takeover.id, reason="metadata of images")


def make(archive: Archive, takeover: Takeover, series: SeriesKey, *, warrant: Warrant) -> SeriesHeader:
    """The header of the series, stored and known. Raises what opening its images raises, and `RecordKeyMissing` where
    the key of the patient was destroyed."""
    images = archive.catalogue.images
    holdings = list(images.of_series(series))
    made = packed(_models(archive, takeover, holdings, warrant=warrant))
    first, last = holdings[0].ordinal, holdings[-1].ordinal
    folder = prefix_of(takeover.id, patient=series.patient, first=first).rstrip("/")
    said = {
        "kind": "headers",
        "format": FORMAT,
        "takeover": takeover.id,
        "study": series.study,
        "series": series.series,
    }
    key = _record_key(archive, series)
    text = canonical(said)
    stored = archive.vault.put(folder, key, sources=([made.member],), describe=lambda _id, _members: text, whole=True)
    (member,) = stored.members
    header = SeriesHeader(
        series, stored.key, stored.pack.size, key.id.hex, member.offset, member.length, member.sha256,
        made.index_length, len(holdings), last, made.sha256,
    )  # fmt: skip
    if not images.note_header(header):
        archive.store.delete(header.key)  # somebody was faster; nobody was told of this one
        header = images.header(series) or header
    return header


def _record_key(archive: Archive, series: SeriesKey) -> RecordKey:
    known = archive.catalogue.record_key_of(series.takeover, series.patient)
    if known is None:
        raise RecordKeyMissing(record_key="-")
    return archive.vault.record_keys.open(UUID(hex=known))


def _models(
    archive: Archive, takeover: Takeover, holdings: list[Holding], *, warrant: Warrant
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for holding in holdings:
        facts = holding.description.dicom
        if facts is not None:
            read = reader(archive, takeover, holding, warrant=warrant)
            yield holding.ordinal, facts.sop_instance_uid, model_of(read, holding.size, facts)


def model_of(read: Read, size: int, facts: DicomFacts) -> dict[str, Any]:
    """The DICOM JSON of an instance, with templates for the addresses of its bulk data."""
    address = _addresses(facts)
    try:
        scanned = scan(read, size)
        if scanned.pixels is not None:
            end = Frames(read, scanned, size=size).end()
            scanned.elements += rest(read, scanned, after=end, size=size)
        return json_of(scanned, bulk=address)
    except (UnusualEncoding, FramesUnclear):
        return json_of_facts(facts)


def _addresses(facts: DicomFacts) -> Callable[[str], str]:
    uids = (facts.study_instance_uid, facts.series_instance_uid, facts.sop_instance_uid)
    study, series, instance = (quote(uid, safe="") for uid in uids)
    return lambda path: f"\0studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}"


def reader(archive: Archive, takeover: Takeover, holding: Holding, *, warrant: Warrant) -> Read:
    """Parts of the holding, opened when they are asked for; each is authentic."""
    key, member = place_of(takeover, holding)

    def read(offset: int, length: int) -> bytes:
        return b"".join(archive.vault.open_range(key, member, offset=offset, length=length, warrant=warrant))

    return read
