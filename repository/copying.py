"""Copies that art. 28 of the patient rights act counts: what of it was a first copy, patient by patient.

Counted is what was asked for at the patient's request and given as an extract, a copy or a printout, or on a data
carrier (art. 27(1)(2) and (5)). For the patient and the statutory representative the first copy in the scope asked for
is free (art. 28(2a)(1)); others pay, and do not use up the patient's. Viewing and electronic communication are free
each time.

    counts      an errand → whether its copies are counted
    Counting    holdings on their way → what arrived, by patient → deeds, and what to tell of them
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from repository.access.account_query import AccountQuery
from repository.access.identity import names
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.opening import Admitted, Errand, Found
from repository.reports.copies import not_first, note_copy
from repository.runtime import Archive

COUNTED = frozenset({"extract", "copy", "printout", "carrier"})
FREE_ONCE = frozenset({"own-record", "statutory-representative"})
"""Rules of access by which the patient in person, or the statutory representative, reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What one patient's copy held: `records` (TAKEOVER/NUMBER), `documents` by name, of which `before` had been given
    already. `first`: it holds one that never was, so it is free for `entitled`: the patient or the representative.

    `noted`: there is a deed of it. There is none for somebody who is not `entitled`, nor for a patient whom no
    identifier names anywhere, for whom every copy is told as the first.
    """

    records: tuple[str, ...]
    documents: tuple[str, ...]
    before: tuple[str, ...]
    first: bool
    entitled: bool
    noted: bool

    @property
    def free(self) -> bool:
        return self.first and self.entitled


@dataclass(slots=True)
class _Part:
    records: set[tuple[str, int]]
    identifiers: set[Identifier]
    documents: dict[str, None] = field(default_factory=dict)
    accounts: set[int] = field(default_factory=set)


def counts(errand: Errand) -> bool:
    """Whether what this errand is given counts as a copy (art. 28(1), 28(2a)(1))."""
    return errand.purpose is Purpose.PATIENT_REQUEST and errand.manner in COUNTED


def name_of(found: Found) -> str:
    """What the same document is called in every takeover: its id, an image's UID, or else its bytes."""
    document, dicom = found.holding.description.document, found.holding.description.dicom
    if document is not None and names(document.identifier):
        return f"{document.identifier.root}^{document.identifier.extension}"
    if dicom is not None and dicom.sop_instance_uid:
        return dicom.sop_instance_uid
    return f"sha256:{found.holding.sha256.hex()}"


class Counting:
    """What passes is on its way; what `arrived` is counted; `settle` writes it down. For one errand, once."""

    def __init__(self, archive: Archive, errand: Errand) -> None:
        self._archive, self._errand = archive, errand
        self._counts = counts(errand)
        self._parts: dict[tuple[str, int], _Part] = {}
        self._last: Admitted | None = None

    def passing(self, wanted: Iterable[Admitted]) -> Iterator[Admitted]:
        """`wanted`, as they are taken one by one."""
        for each in wanted:
            self._last = each
            yield each

    def arrived(self) -> None:
        """The one that passed last was given out whole."""
        if not self._counts or self._last is None:
            return
        found = self._last.found
        whose = found.takeover.id, found.holding.patient
        if whose not in self._parts:
            known = self._archive.catalogue.entitling.identifiers_of(found.takeover.number, found.holding.patient)
            self._parts[whose] = _Part({whose}, {each for each in known if names(each)})
        self._parts[whose].documents[name_of(found)] = None
        self._parts[whose].accounts.add(self._last.warrant.account)

    def settle(self) -> tuple[Copied, ...]:
        """Each patient's copy is a deed; what to tell of it. Nothing where nothing counts.

        Not before all is given: a copy that was cut off and is gone on with is still the first.
        """
        return tuple(self._settled(each) for each in _joined(self._parts.values()))

    def _settled(self, part: _Part) -> Copied:
        documents = tuple(part.documents)
        entitled = self._entitled(part.accounts)
        before = not_first(self._archive, part.identifiers, documents) if part.identifiers else frozenset()
        first, noted = not before.issuperset(documents), bool(part.identifiers) and entitled
        if noted:
            first = note_copy(self._archive, part.identifiers, documents, by=self._errand.principal.id)
        return Copied(
            records=tuple(f"{takeover}/{number}" for takeover, number in sorted(part.records)),
            documents=documents,
            before=tuple(each for each in documents if each in before or not first),
            first=first,
            entitled=entitled,
            noted=noted,
        )

    def _entitled(self, accounts: set[int]) -> bool:
        """As the accounts say, by which rule it was opened."""
        asked = AccountQuery(numbers=tuple(sorted(accounts)))
        return all(each.rule in FREE_ONCE for each in self._archive.catalogue.accounts.every(asked))


def _joined(parts: Iterable[_Part]) -> list[_Part]:
    """Parts of patients that share an identifier are one patient's."""
    found: list[_Part] = []
    for part in parts:
        same = [each for each in found if each.identifiers & part.identifiers]
        for each in same:
            found.remove(each)
        whole = _Part(set(part.records), set(part.identifiers))
        for each in (*same, part):
            whole.records |= each.records
            whole.identifiers |= each.identifiers
            whole.documents |= each.documents
            whole.accounts |= each.accounts
        found.append(whole)
    return found
