"""The journey in: receive → validate → seal → store → catalogue → evidence log → protocol (DESIGN § 1).

`announce` opens the takeover and lists its items; `complete` settles every item, balances the statement, publishes the
log and issues the protocol. Both may be killed anywhere and run again: each step looks at what is there. A package that
was taken over before is not taken over again; its protocol is given instead.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from repository import journal
from repository.access.purpose import Purpose
from repository.clock import stamp
from repository.domain.describing import Kind
from repository.domain.holding import CustodyEvent
from repository.domain.statement import Statement
from repository.domain.takeover import FINAL, STORED, Disposition, Handover, State, Takeover
from repository.evidence.signing import signed
from repository.findings import Finding
from repository.opening import upkeep
from repository.own_places import must_lie_apart
from repository.packages.guard import Limits
from repository.packages.labels import label_of_text
from repository.packages.package import HandoverPackage, open_package
from repository.packages.source import Kept, nothing_kept
from repository.runtime import Archive
from repository.settling import settle
from repository.takeover.balancing import balance
from repository.takeover.concluding import PURPOSE, draw_up, verdict
from repository.takeover.custody import WHOLE, custody_event, seal_description, takeover_key
from repository.takeover.directories import absent
from repository.takeover.errors import ProtocolMissing, StatementUnbalanced
from repository.takeover.inscribing import inscribe_closing, inscribe_opening, read_description
from repository.takeover.readers import Readers, readers_for
from repository.takeover.reading import is_light
from repository.takeover.receiving import Progress, Receiving, reap
from repository.takeover.sealing import place_of
from storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for: a package, and what the package itself may lack."""

    package: Path
    manifest: Path | None = None
    given: Handover | None = None
    limits: Limits = field(default_factory=Limits)
    edition: int = 1  # more than 1: the package is taken over once more, as a takeover of its own

    def opened(self, kept: Kept = nothing_kept) -> HandoverPackage:
        """The package, as `open_package` gives it; `kept` knows the paths whose files do not lie there as they are."""
        return open_package(
            self.package, manifest=self.manifest, given=self.given, limits=self.limits, edition=self.edition, kept=kept
        )


def receive(archive: Archive, order: Order, *, progress: Callable[[Progress], None], forking: bool = False) -> Takeover:
    """The takeover of the package, concluded. Run again for the same package, it goes on or gives the outcome."""
    must_lie_apart(archive.settings, order.package)
    with order.opened() as package:
        takeover = announce(archive, package, order)
        return complete(archive, takeover, package, progress=progress, forking=forking)


def announce(archive: Archive, package: HandoverPackage, order: Order) -> Takeover:
    """The takeover is in the catalogue and in the log, its opening in the store; its items may yet be unlisted."""
    archive.log.confirm()  # a catalogue that went back would take what was acknowledged since for left over
    known = archive.catalogue.takeover_by_fingerprint(package.fingerprint)
    takeover = known or archive.catalogue.open_takeover(
        package.handover,
        id=str(new_id()),
        package=label_of_text(str(order.package.resolve())),
        fingerprint=package.fingerprint,
        declared=package.declared,
        opened_at=stamp(archive.clock()),
    )
    if not archive.catalogue.events(takeover.number):
        _record_opening(archive, takeover, package)
    return takeover


def anew(archive: Archive, order: Order, *, kept: Kept = nothing_kept) -> Order:
    """The order under the first edition that has not been concluded: for a package that was taken over before."""
    must_lie_apart(archive.settings, order.package)
    for edition in count(order.edition):
        edited = replace(order, edition=edition)
        with edited.opened(kept) as package:
            known = archive.catalogue.takeover_by_fingerprint(package.fingerprint)
        if known is None or known.state not in FINAL:
            return edited
    raise AssertionError("unreachable: counting does not end")


def complete(
    archive: Archive,
    takeover: Takeover,
    package: HandoverPackage,
    *,
    progress: Callable[[Progress], None],
    forking: bool = False,
) -> Takeover:
    """The takeover has reached a final state and its protocol is signed, stored and in a published log. `forking`:
    processes may read the package (`takeover/readers.py`), as no other thread of this one reads, hashes or parses."""
    rejection = package.rejection
    if takeover.state in FINAL:
        journal.publish(archive)
        return takeover
    archive.log.confirm()
    if takeover.state is State.RECEIVING:
        if rejection is None:
            _settle_items(archive, takeover, package, progress=progress, forking=forking)
        takeover = archive.catalogue.move(takeover.number, State.RECEIVED, at=stamp(archive.clock()))
    return conclude(archive, takeover, rejection=rejection)


def conclude(archive: Archive, takeover: Takeover, *, rejection: Finding | None = None) -> Takeover:
    """A takeover to which nothing more comes, `received` or further, has reached a final state, and its protocol is
    signed, stored and in a published log. Needs to be the only one at work on it. Raises `StatementUnbalanced`."""
    statement = _balanced(archive, takeover)
    if takeover.state is State.RECEIVED:
        takeover = archive.catalogue.move(takeover.number, State.BALANCED, at=stamp(archive.clock()))
    if takeover.state is State.BALANCED:
        takeover = _conclude(archive, takeover, statement, rejection=rejection)
    journal.publish(archive)
    return takeover


def statement_of(archive: Archive, takeover: Takeover) -> Statement:
    """The statement as the catalogue has it now."""
    counts = archive.catalogue.counts(takeover.number)
    return balance(
        archive.catalogue.items(takeover.number),
        holdings=counts.holdings,
        holding_bytes=counts.size,
        declared_counts=takeover.handover.declared_counts,
        found_counts={
            "patients": counts.patients,
            "documents": counts.documents,
            "studies": counts.studies,
            "series": counts.series,
            "instances": counts.instances,
        },
    )


def protocol_of(archive: Archive, takeover: Takeover) -> bytes:
    """The signed protocol, from the store. Raises `ProtocolMissing` while there is none."""
    closing = closing_of(archive, takeover)
    if takeover.state not in FINAL or closing is None:
        raise ProtocolMissing(takeover=takeover.id, state=takeover.state.value)
    return str(closing["protocol"]).encode()


def closing_of(archive: Archive, takeover: Takeover) -> dict[str, Any] | None:
    """The closing description of a takeover that has been concluded."""
    packs = [pack for pack in archive.catalogue.packs(takeover.number) if pack.patient == WHOLE]
    for pack in sorted(packs, key=lambda pack: pack.object_id, reverse=True):
        inscription = archive.vault.inscription(pack.key, size=pack.size)
        description = read_description(inscription.text, name=pack.key)
        if description["kind"] == "closing":
            return description
    return None


def _record_opening(archive: Archive, takeover: Takeover, package: HandoverPackage) -> None:
    findings = [*package.findings, *((package.rejection,) if package.rejection else ())]
    deque(package.patients(report=findings.append), maxlen=0)  # what is wrong with the list is known at its end
    record_opening(archive, takeover, detail=f"package {takeover.fingerprint}", findings=findings)


def record_opening(archive: Archive, takeover: Takeover, *, detail: str, findings: Sequence[Finding] = ()) -> None:
    """The opening of the takeover is in the store, in the catalogue and in the log."""
    event = _event(archive, takeover, "capture", at=takeover.opened_at, outcome="started", detail=detail)
    key = takeover_key(archive.vault, archive.catalogue, takeover.number)
    description = inscribe_opening(takeover, findings=findings, events=(event,))
    opening = seal_description(archive.vault, takeover.id, key=key, description=description)
    archive.catalogue.record(takeover.number, [opening], findings=findings, events=[event])


def _settle_items(
    archive: Archive,
    takeover: Takeover,
    package: HandoverPackage,
    *,
    progress: Callable[[Progress], None],
    forking: bool,
) -> None:
    archive.catalogue.list_items(takeover.number, package.items())
    left = archive.catalogue.pending(takeover.number)
    workers = archive.settings.workers
    light = forking and is_light(items=left.items, size=left.size)
    count = readers_for(package, workers=workers) if light else 0
    with ExitStack() as stack:
        readers = Readers(package, count=count, home=archive.settings.home) if count else None
        Receiving(
            takeover,
            package,
            catalogue=archive.catalogue,
            vault=archive.vault,
            clock=archive.clock,
            workers=workers,
            progress=progress,
            readers=stack.enter_context(readers) if readers else None,
        ).run(of_items=left.items, of_bytes=left.size)


def _balanced(archive: Archive, takeover: Takeover) -> Statement:
    statement = statement_of(archive, takeover)
    if not statement.tally.balances:
        residue = ", ".join(f"{name} {left}" for name, left in statement.tally.residue.items() if left)
        raise StatementUnbalanced(takeover=takeover.id, residue=residue)
    return statement


def _conclude(archive: Archive, takeover: Takeover, statement: Statement, *, rejection: Finding | None) -> Takeover:
    if closing := closing_of(archive, takeover):  # recorded, and stopped before the last move
        return archive.catalogue.move(takeover.number, State(closing["state"]), at=closing["closed_at"])
    now = stamp(archive.clock())
    counted = [*_count_findings(statement), *_directory_findings(archive, takeover)]
    counted += settle(archive, takeover, holdings=statement.tally.holdings)
    findings = [*archive.catalogue.findings(takeover.number, ordinal=WHOLE), *counted]
    state = verdict(statement, findings, rejection=rejection)
    checkpoint = journal.publish(archive)
    drawn = draw_up(
        takeover,
        statement,
        findings,
        archive=archive.id.hex,
        state=state,
        issued_at=now,
        checkpoint=checkpoint.note.decode(),
    )
    protocol = signed(drawn, purpose=PURPOSE, seed=archive.ring.signing_seed())
    events = [
        _event(archive, takeover, "validation", at=now, outcome="balanced", detail=statement.items_sha256),
        _event(archive, takeover, "ingestion end", at=now, outcome=state.value, detail=sha256(protocol).hexdigest()),
    ]
    unkept = list(archive.catalogue.items(takeover.number, dispositions=set(Disposition) - STORED))
    description = inscribe_closing(
        takeover.id, state=state, closed_at=now, items=unkept, findings=counted, events=events, protocol=protocol
    )
    # A closing that was stored and not recorded must not stay: `rebuild` would find two.
    reap(takeover, catalogue=archive.catalogue, vault=archive.vault)
    key = takeover_key(archive.vault, archive.catalogue, takeover.number)
    closing_pack = seal_description(archive.vault, takeover.id, key=key, description=description)
    archive.catalogue.record(takeover.number, [closing_pack], findings=counted, events=events)
    return archive.catalogue.move(takeover.number, state, at=now)


def _event(archive: Archive, takeover: Takeover, kind: str, *, at: str, outcome: str, detail: str) -> CustodyEvent:
    return custody_event(kind, archive=archive.id.hex, takeover=takeover.id, at=at, outcome=outcome, detail=detail)


def _directory_findings(archive: Archive, takeover: Takeover) -> Iterator[Finding]:
    """What the DICOMDIRs of the package name and the package does not hold."""
    ordinals = list(archive.catalogue.ordinals_of_kind(takeover.number, Kind.DICOMDIR))
    if not ordinals:
        return
    warrant = upkeep(archive, Purpose.CUSTODY, takeover=takeover.id, reason="what a DICOMDIR names is compared")
    for ordinal in ordinals:
        holding = archive.catalogue.holding(takeover.number, ordinal)
        content = b"".join(archive.vault.open(*place_of(takeover, holding), warrant=warrant))
        paths = (item.path for item in archive.catalogue.items(takeover.number) if item.size >= 0)
        yield from absent(holding.path, content, paths)


def _count_findings(statement: Statement) -> list[Finding]:
    return [
        Finding("TKO-COUNT", "", {"name": check.name, "declared": check.declared, "found": check.found})
        for check in statement.counts
        if check.declared != check.found
    ]
