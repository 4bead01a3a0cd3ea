"""Arrivals in the order of the listing: duplicates are counted, conflicts marked, each goes to its patient.

Works in order, so that which of two equal items is kept does not depend on timing. What is not committed yet is known
here; what is, in the catalogue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repository.catalogue.catalogue import Catalogue
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


class Sorter:
    """The memory of one takeover between listing and commit."""

    def __init__(self, catalogue: Catalogue, number: int, patients: Patients) -> None:
        self._catalogue, self._number, self.patients = catalogue, number, patients
        self._digests: dict[bytes, int] = {}
        self._uids: dict[str, int] = {}
        self._documents: dict[Identifier, int] = {}
        self._committed: list[Holding] = []

    def sort(self, arrivals: Sequence[Arrival]) -> Iterator[Arrival | Duplicate]:
        """Each arrival, ready to be packed, or the duplicate that it is."""
        self._drop_committed()
        small = [arrival.sha256 for arrival in arrivals if arrival.content is not None]
        digests = dict(self._catalogue.digest_owners(self._number, small)) if small else {}
        uids = [arrival.description.dicom.sop_instance_uid for arrival in arrivals if arrival.description.dicom]
        owners = dict(self._catalogue.instance_owners(self._number, uids)) if uids else {}
        for arrival in arrivals:
            original = digests.get(arrival.sha256) or self._digests.get(arrival.sha256)
            if arrival.content is not None and original:
                yield duplicate(arrival.item, original)
                continue
            if arrival.content is not None:
                self._digests[arrival.sha256] = arrival.item.ordinal
            self._mark_conflict(arrival, owners)
            self._assign(arrival)
            yield arrival

    def forget(self, holdings: Sequence[Holding]) -> None:
        """`holdings` are committed. They stay known here until the catalogue is asked again, by the next `sort`: what
        it was asked at the start of this one, it answered without them."""
        self._committed.extend(holdings)

    def _drop_committed(self) -> None:
        committed, self._committed = self._committed, []
        for holding in committed:
            self._drop(self._digests, holding.sha256, holding.ordinal)
            if dicom := holding.description.dicom:
                self._drop(self._uids, dicom.sop_instance_uid, holding.ordinal)
            if document := holding.description.document:
                self._drop(self._documents, document.identifier, holding.ordinal)

    def uncommitted(self, ordinals: Sequence[int]) -> set[int]:
        """Those of `ordinals` that wait for their commit."""
        waiting = set(self._digests.values()) - {holding.ordinal for holding in self._committed}
        return {ordinal for ordinal in ordinals if ordinal in waiting}

    def _mark_conflict(self, arrival: Arrival, owners: dict[str, int]) -> None:
        ordinal, dicom, document = arrival.item.ordinal, arrival.description.dicom, arrival.description.document
        if dicom:
            uid = dicom.sop_instance_uid
            arrival.conflicts_with = owners.get(uid) or self._uids.get(uid, 0)
            self._uids.setdefault(uid, ordinal)
        elif document and document.identifier.extension:
            known = self._catalogue.identifier_owner(self._number, document_id=document.identifier)
            arrival.conflicts_with = known or self._documents.get(document.identifier, 0)
            self._documents.setdefault(document.identifier, ordinal)

    def _assign(self, arrival: Arrival) -> None:
        description = arrival.description
        arrival.patient, ambiguous = self.patients.assign(description.patient)
        if ambiguous:
            noted = Finding("TKO-PATIENT-AMBIGUOUS")
        elif arrival.patient == NOBODY and (description.dicom or description.document):
            noted = Finding("TKO-NO-PATIENT")
        else:
            return
        arrival.description = replace(description, findings=(*description.findings, noted))

    @staticmethod
    def _drop(known: dict[Any, int], key: Any, ordinal: int) -> None:
        if known.get(key) == ordinal:
            del known[key]


def duplicate(item: Item, original: int) -> Duplicate:
    return Duplicate(replace(item, disposition=Disposition.DUPLICATE, duplicate_of=original), original)
