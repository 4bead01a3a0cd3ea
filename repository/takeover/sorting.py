"""Arrivals in the order of the listing: duplicates are counted, conflicts marked, each goes to its patient.

Works in order, so that which of two equal items is kept does not depend on timing. What is not committed yet is known
here; what is, in the catalogue, and here as well while it is little: asking costs some 35 µs an item.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.newer import Trace
from repository.catalogue.text import key
from repository.domain.describing import Identifier
from repository.domain.holding import Holding
from repository.domain.takeover import Disposition, Item
from repository.findings import Finding
from repository.takeover.arriving import Arrival
from repository.takeover.assigning import NOBODY, Patients


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An item whose bytes are those of another; it is settled once the other is committed."""

    item: Item
    original: int


REMEMBERED = 20_000  # holdings that are known here though they are committed; 10 MB
_Traces = tuple[int, bytes, str, Identifier | None]  # ordinal, digest, key of the SOP Instance UID, document id


def _traces(holding: Holding) -> _Traces:
    dicom, document = holding.description.dicom, holding.description.document
    uid = key(dicom.sop_instance_uid) if dicom else ""
    return holding.ordinal, holding.sha256, uid, document.identifier if document else None


class Sorter:
    """The memory of one takeover between listing and commit."""

    def __init__(self, catalogue: Catalogue, number: int, patients: Patients) -> None:
        self._catalogue, self._number, self.patients = catalogue, number, patients
        self._digests: dict[bytes, int] = {}
        self._uids: dict[str, int] = {}
        self._documents: dict[Identifier, int] = {}
        self._waiting: set[int] = set()  # ordinals that are not committed yet
        self._committed: list[_Traces] = []  # since the last `sort`
        # All that were committed in this run; None once there are others: of an earlier run, or too many to remember.
        self._remembered: list[_Traces] | None = None if any(True for _ in catalogue.holdings(number)) else []

    def sort(self, arrivals: Sequence[Arrival]) -> Iterator[Arrival | Duplicate]:
        """Each arrival, ready to be packed, or the duplicate that it is."""
        self._forget()
        digests, owners = self._owners(arrivals)
        for arrival in arrivals:
            original = digests.get(arrival.sha256) or self._digests.get(arrival.sha256)
            if arrival.sha256 and original:
                yield duplicate(arrival.item, original)
                continue
            if arrival.sha256:
                self._digests[arrival.sha256] = arrival.item.ordinal
            self._waiting.add(arrival.item.ordinal)
            self._mark_conflict(arrival, owners)
            self._assign(arrival)
            yield arrival

    def committed(self, holdings: Sequence[Holding]) -> None:
        """`holdings` are in the catalogue. They stay known here at least until the catalogue is asked again, by the
        next `sort`: what it was asked at the start of this one, it answered without them."""
        self._waiting.difference_update(holding.ordinal for holding in holdings)
        self._committed.extend(_traces(holding) for holding in holdings)

    def others_committed(self, traces: Sequence[Trace]) -> None:
        """As `committed`, of what another process has written. What came of this one after it is not known yet."""
        if self._remembered is None:  # the catalogue is asked
            return
        for each in traces:
            self._digests.setdefault(each.sha256, each.ordinal)
            if each.uid_key:
                self._uids.setdefault(each.uid_key, each.ordinal)
            if each.document is not None and each.document.extension:
                self._documents.setdefault(each.document, each.ordinal)
        self._committed.extend((each.ordinal, each.sha256, each.uid_key, each.document) for each in traces)

    def _forget(self) -> None:
        """What the catalogue can be asked for need not be known here, once it is too much."""
        gone, self._committed = self._committed, []
        if self._remembered is not None:
            self._remembered += gone
            if len(self._remembered) <= REMEMBERED:
                return
            gone, self._remembered = self._remembered, None
        for ordinal, digest, uid, document in gone:
            self._drop(self._digests, digest, ordinal)
            self._drop(self._uids, uid, ordinal)
            self._drop(self._documents, document, ordinal)

    def uncommitted(self, ordinals: Sequence[int]) -> set[int]:
        """Those of `ordinals` that wait for their commit."""
        return self._waiting.intersection(ordinals)

    def _owners(self, arrivals: Sequence[Arrival]) -> tuple[Mapping[bytes, int], Mapping[str, int]]:
        """Who in the catalogue has these digests and instances; nobody, while all is remembered here."""
        if self._remembered is not None:
            return {}, {}
        hashed = [arrival.sha256 for arrival in arrivals if arrival.sha256]
        uids = [arrival.description.dicom.sop_instance_uid for arrival in arrivals if arrival.description.dicom]
        return (
            self._catalogue.digest_owners(self._number, hashed) if hashed else {},
            self._catalogue.instance_owners(self._number, uids) if uids else {},
        )

    def _mark_conflict(self, arrival: Arrival, owners: Mapping[str, int]) -> None:
        ordinal, dicom, document = arrival.item.ordinal, arrival.description.dicom, arrival.description.document
        if dicom:
            uid = dicom.sop_instance_uid
            arrival.conflicts_with = _first(owners.get(uid), self._uids.get(key(uid)))
            self._uids.setdefault(key(uid), ordinal)
        elif document and document.identifier.extension:
            asked = self._remembered is None
            known = self._catalogue.identifier_owner(self._number, document_id=document.identifier) if asked else None
            arrival.conflicts_with = _first(known, self._documents.get(document.identifier))
            self._documents.setdefault(document.identifier, ordinal)

    def _assign(self, arrival: Arrival) -> None:
        description = arrival.description
        arrival.patient, ambiguous = self.patients.assign(description.patient)
        if ambiguous:
            arrival.note(Finding("TKO-PATIENT-AMBIGUOUS"))
        elif arrival.patient == NOBODY and (description.dicom or description.document):
            arrival.note(Finding("TKO-NO-PATIENT"))

    @staticmethod
    def _drop(known: dict[Any, int], key: Any, ordinal: int) -> None:
        if known.get(key) == ordinal:
            del known[key]


def _first(*ordinals: int | None) -> int:
    """Of several that have one identifier, the first is named, whether it is committed by now, or the others are."""
    return min((ordinal for ordinal in ordinals if ordinal), default=0)


def duplicate(item: Item, original: int) -> Duplicate:
    return Duplicate(replace(item, disposition=Disposition.DUPLICATE, duplicate_of=original), original)
