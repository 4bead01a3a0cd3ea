"""Documents that are provided together (IHE MHD ITI-65): all of them are durable in the takeover, or none is.

    submission → offers, described by content and by what is said of them → looked at beside what is kept → deposited

One bundle is one push, which is one transaction (`depositing`). What would make a part of it not be kept – something
hostile, an identifier that another document has, the same bytes under another – is found before anything is sealed.
Bundles of one process wait for each other from that look to the commit. What another process commits meanwhile is seen
by a second look, which is part of the deposit (`transfer.group.Accept`): the commit holds only on what it has seen.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from repository.catalogue.depositing import TakeoverOvertaken
from repository.catalogue.errors import HoldingUnknown
from repository.domain.describing import DocumentFacts, Identifier
from repository.domain.holding import Holding
from repository.domain.takeover import Item, Takeover
from repository.fhir_form import ids
from repository.mhd.errors import BundleConflicts, BundleWrong, Fault
from repository.mhd.reconciling import reconciled
from repository.mhd.submission import Document, Submission
from repository.runtime import Archive
from repository.takeover.arriving import Arrival
from repository.takeover.sorting import Duplicate
from repository.transfer.offering import Offer, Outcome, offered
from repository.transfer.opening import Depositor
from repository.transfer.transfers import Transfers


@dataclass(frozen=True, slots=True)
class Provided:
    """What became of a document: as which holding it is kept, and of which patient of the takeover."""

    document: Document
    ordinal: int
    patient: int


class Providing:
    """The bundles of one process."""

    def __init__(self, archive: Archive, transfers: Transfers) -> None:
        self._archive, self._transfers = archive, transfers
        self._turn = Lock()

    def provide(self, depositor: Depositor, submission: Submission) -> list[Provided]:
        """All documents of `submission` are kept in the takeover of `depositor`, durable; sent again, they are the same
        ones. Raises `BundleWrong`, `BundleConflicts` and as `Transfers.deposit`; then none of them is."""
        takeover = self._archive.catalogue.takeover(depositor.takeover)
        documents = [self._resolved(takeover, each) for each in submission.documents]
        offers: list[Offer] = []
        try:
            offers.extend(offered(each.content, home=self._transfers.home, path=_label(each)) for each in documents)
            self._describe(offers, documents)
            with self._turn:
                self._look_beside(takeover, offers, documents)
                handed, offers = offers, []  # whoever deposits them closes them
                outcomes = self._transfers.deposit(
                    depositor, handed, accept=lambda became: self._accept(takeover, handed, documents, became=became)
                )
        finally:
            for offer in offers:
                offer.close()
        return self._settled(takeover, documents, outcomes)

    def _resolved(self, takeover: Takeover, document: Document) -> Document:
        """With the identifier of what it replaces, where that was named by our id: a document of the same takeover."""
        if not document.replaced:
            return document
        named = ids.read_numbered(document.replaced)
        known: DocumentFacts | None = None
        if named is not None and named.takeover == takeover.id:
            with suppress(HoldingUnknown):
                known = self._archive.catalogue.holding(takeover.number, named.number).description.document
        if known is None:
            place = f"{document.place}.relatesTo[0].target.reference"
            raise BundleWrong([Fault(place, "is not a document of this takeover")])
        return replace(document, facts=replace(document.facts, replaces=known.identifier))

    def _describe(self, offers: Sequence[Offer], documents: Sequence[Document]) -> None:
        faults, people = list[Fault](), list[set[Identifier]]()
        for offer, said in zip(offers, documents, strict=True):
            if isinstance(offer.came, Item):
                faults.append(Fault(f"{said.place}.content", f"is not taken in ({offer.came.reason})"))
                continue
            offer.came.description, wrong = reconciled(offer.came.description, said)
            faults += wrong
            whose = offer.came.description.patient
            people.append(set(whose.identifiers) if whose is not None else set())
        if not faults and any(not each & people[0] for each in people):
            faults.append(Fault("Bundle.entry", "the documents are not all of one patient"))
        if faults:
            raise BundleWrong(faults)

    def _look_beside(self, takeover: Takeover, offers: Sequence[Offer], documents: Sequence[Document]) -> None:
        """Raises `BundleConflicts` where a document is not the one that is kept under its identifier or its bytes."""
        catalogue, faults = self._archive.catalogue, list[Fault]()
        with catalogue.together():
            came = [each.came for each in offers if isinstance(each.came, Arrival)]
            owners = catalogue.digest_owners(takeover.number, [each.sha256 for each in came])
            for arrival, said in zip(came, documents, strict=True):
                facts = arrival.description.document
                if facts is None:
                    raise RuntimeError("internal: a document without facts")
                if arrival.sha256 in owners:
                    kept = catalogue.holding(takeover.number, owners[arrival.sha256])
                    if not _is_the_same(kept, arrival, facts):
                        faults.append(Fault(f"{said.place}.content", "the same bytes are kept as another document"))
                elif catalogue.identifier_owner(takeover.number, document_id=facts.identifier) is not None:
                    faults.append(Fault(f"{said.place}.masterIdentifier", "another document is kept under it"))
        if faults:
            raise BundleConflicts(faults)

    def _accept(
        self,
        takeover: Takeover,
        offers: Sequence[Offer],
        documents: Sequence[Document],
        *,
        became: Sequence[Arrival | Duplicate],
    ) -> None:
        """Raises as `_look_beside`, and `TakeoverOvertaken` where bytes are those of an item that is being deposited by
        another push: whose they are cannot be asked yet."""
        doubled = [each.original for each in became if isinstance(each, Duplicate)]
        try:
            for ordinal in doubled:
                self._archive.catalogue.holding(takeover.number, ordinal)
        except HoldingUnknown:
            raise TakeoverOvertaken(takeover=takeover.id) from None
        self._look_beside(takeover, offers, documents)

    def _settled(
        self, takeover: Takeover, documents: Sequence[Document], outcomes: Sequence[Outcome]
    ) -> list[Provided]:
        ordinals = [each.duplicate_of or each.ordinal for each in outcomes]
        with self._archive.catalogue.together():
            held = {
                holding.ordinal: holding
                for _, holding in self._archive.catalogue.holdings_at([(takeover.number, each) for each in ordinals])
            }
        return [
            Provided(document, ordinal, held[ordinal].patient)
            for document, ordinal in zip(documents, ordinals, strict=True)
        ]


def _is_the_same(kept: Holding, came: Arrival, facts: DocumentFacts) -> bool:
    """Under one identifier and of one patient: bytes that two have alike, an empty form, are not one document."""
    known, whose = kept.description.document, kept.description.patient
    mine = came.description.patient
    same_patient = bool(whose and mine and set(whose.identifiers) & set(mine.identifiers))
    return known is not None and known.identifier == facts.identifier and same_patient


def _label(document: Document) -> str:
    """A path like those of packages, of what says of nobody whose it is; the same each time it is sent."""
    return f"documents/{document.sha1.hex()}"
