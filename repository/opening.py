"""The one way to bytes: an errand and what it is about → facts → decision → account → warrant (DESIGN § 2.8).

    ask       one request → its account, written; or `AccessRefused`, after its account was written
    admit     an errand and holdings → those that it may read, each with a warrant; the others are as if not there
    upkeep    the archive's own checking → a warrant with its account

Promised: no warrant without a durable account of who, when, what and what for; what cannot be decided is refused; and
nobody can tell from outside whether a refusal means "not for you" or "not there".
"""

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, islice

from repository.access.account import Account, account_of_attempt, as_body
from repository.access.decision import Decision, decide
from repository.access.errors import AccessRefused
from repository.access.facts import Facts
from repository.access.principal import Assurance, Identification, Method, Organisation, Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import rules_in_force
from repository.access.subject import Operation, Subject
from repository.catalogue.entitling import About
from repository.catalogue.errors import HoldingUnknown
from repository.errand import Admitted, Errand, Found
from repository.journal import note, note_all
from repository.runtime import Archive
from repository.subjects import common, subject_of
from repository.takeover.sealing import TAKEOVERS, folder_of, object_of
from storage.warrants import Warrant

__all__ = [
    "NOT_THERE", "Admitted", "Errand", "Found", "accounted", "admit", "archive_itself", "ask", "decided", "judged",
    "nothing_there", "upkeep",
]  # fmt: skip
NOT_THERE = "NOT_FOUND"
_AT_ONCE = 5000  # holdings under one account and one set of facts


def decided(archive: Archive, request: AccessRequest) -> Decision:
    """The decision on `request` as things stand now; nothing is accounted for. Raises what the catalogue raises, and
    what `EvidenceLog.confirm` raises where the catalogue does not hold all that the log does."""
    _confirm(archive, request.operation)
    facts = archive.catalogue.entitling.facts(request.principal, request.subject, at=request.at)
    return decide(request, facts, rules=rules_in_force(request.at))


def ask(
    archive: Archive, request: AccessRequest, *, patient_name: str = "", count: int = 0, manner: str = ""
) -> Account:
    """The account of a permitted request, durable. Raises `AccessRefused` for any other, after its account is durable;
    where there is nothing to decide by, what the catalogue raises, and nothing was opened."""
    decision = decided(archive, request)
    account = account_of_attempt(request, decision, patient_name=patient_name, count=count, manner=manner)
    number = accounted(archive, account)
    if not decision.permitted:
        raise AccessRefused
    return replace(account, number=number)


def judged(archive: Archive, request: AccessRequest) -> Decision:
    """As `decided`, and its account is durable: for whoever makes something of a refusal."""
    decision = decided(archive, request)
    accounted(archive, account_of_attempt(request, decision))
    return decision


def accounted(archive: Archive, account: Account) -> int:
    """The number of the account, which is durable."""
    return note(archive, "account", as_body(account), outcome=account.outcome, at=account.at).number


def _confirm(archive: Archive, operation: Operation) -> None:
    """A catalogue that was restored from an old copy would permit what was withdrawn since: nobody reads by it. Upkeep
    alone goes on, for it is what finds the damage."""
    if operation is not Operation.UPKEEP:
        archive.log.confirm_once()


def nothing_there(archive: Archive, errand: Errand, operation: Operation = Operation.READ) -> AccessRefused:
    """The error for what is not there, after the same account as for what is refused, and the same work: the facts of
    somebody who is there are gathered and thrown away, for time would tell as much as words."""
    _confirm(archive, operation)
    accounted(archive, _of_nothing(archive, errand, operation))
    return AccessRefused()


def _of_nothing(archive: Archive, errand: Errand, operation: Operation) -> Account:
    """The account of what is not there, not yet written."""
    request = errand.request(archive, operation, Subject(takeover=""))
    decision = decide(request, _decoy(archive, errand, at=request.at), rules=rules_in_force(request.at))
    return account_of_attempt(request, replace(decision, reasons=(NOT_THERE,), rule="", duties=()))


def _decoy(archive: Archive, errand: Errand, *, at: datetime) -> Facts:
    """Facts about the first patient of the archive, of whom a holding was read as well, or about nothing where it is
    empty. With a holding of nobody's in the place of a patient's this took 1.4 ms less than a refusal, of 5."""
    number, patient, takeover = 1, 0, ""
    with archive.catalogue.together():
        with suppress(HoldingUnknown):
            takeover, holding = archive.catalogue.somebodys(number)
            patient = holding.patient
        known = archive.catalogue.entitling.about(
            errand.principal, takeover, number=number, patient=patient, at=at, anew=True
        )
    return known.facts


def admit(archive: Archive, errand: Errand, found: Iterable[Found], *, operation: Operation) -> Iterator[Admitted]:
    """Those of `found` that the errand may open, in their order; the account of each patient's part is written before
    the first of it. Raises `AccessRefused` if none is, or if `found` is empty.

    `found` is asked for in transactions of this function: it holds none of its own open between two of its items."""
    _confirm(archive, operation)
    every, last, any_found, any_admitted = iter(found), False, False, False
    while not last:
        parts, last = _next(archive, errand, every, operation=operation, first=not any_found)
        any_found = True
        for part in parts:
            for admitted in _admit_part(archive, errand, part, operation=operation):
                any_admitted = True
                yield admitted
    if not any_admitted:
        raise AccessRefused


@dataclass(frozen=True, slots=True)
class _Part:
    """One patient's holdings on a page; `decided` where that was done as they were found."""

    found: Sequence[Found]
    request: AccessRequest | None = None
    decided: "tuple[About, list[Subject], list[Decision]] | None" = None


def _next(
    archive: Archive, errand: Errand, every: Iterator[Found], *, operation: Operation, first: bool
) -> tuple[list[_Part], bool]:
    """The next page by patients, and whether it is the last. What is one patient's, as one image is, is decided in the
    transaction in which it is found: each by itself takes as long as several of the questions that are asked in it.
    Raises `AccessRefused`, after its account, where even the first page has nothing."""
    with archive.catalogue.together():
        page = sorted(islice(every, _AT_ONCE), key=_whose)
        last = len(page) < _AT_ONCE
        parts = [tuple(part) for _, part in groupby(page, key=_whose)]
        if len(parts) == 1:
            request = _asked(archive, errand, parts[0], operation=operation)
            return [_Part(parts[0], request, _decided_part(archive, request, parts[0]))], last
        missing = None if page or not first else _of_nothing(archive, errand, operation)
    if missing is not None:
        accounted(archive, missing)
        raise AccessRefused
    return [_Part(part) for part in parts], last


def _asked(archive: Archive, errand: Errand, part: Sequence[Found], *, operation: Operation) -> AccessRequest:
    return errand.request(archive, operation, Subject(takeover=part[0].takeover.id))


def _whose(found: Found) -> tuple[int, int]:
    return found.takeover.number, found.holding.patient


def _admit_part(archive: Archive, errand: Errand, whole: _Part, *, operation: Operation) -> Iterator[Admitted]:
    """One patient's holdings: decided one by one on one set of facts; those that were decided alike, by the same rule
    or for the same reasons, are one attempt with one account. All accounts are written before the first is admitted."""
    part = whole.found
    takeover = part[0].takeover
    request = whole.request or _asked(archive, errand, part, operation=operation)
    known, subjects, decisions = whole.decided or _decided_part(archive, request, part)
    groups = _alike(decisions)
    accounts = [
        account_of_attempt(
            replace(request, subject=_about(known.subject, part, subjects, places=places)),
            decision,
            patient_name=known.name,
            count=sum(part[place].images for place in places),
            manner=errand.manner,
        )
        for decision, places in groups.items()
    ]
    deeds = note_all(archive, [("account", as_body(each), each.outcome) for each in accounts], at=accounts[0].at)
    for deed, (decision, places) in zip(deeds, groups.items(), strict=True):
        if decision.permitted:
            chosen = [part[place] for place in places]
            stored = {each.holding.location.object_id: each.holding for each in chosen if not each.places}
            objects = {object_of(takeover, each) for each in stored.values()}
            objects |= {place for each in chosen for place in each.places}
            warrant = Warrant(deed.number, tuple(sorted(objects)))
            yield from (Admitted(each, warrant) for each in chosen)


def _alike(decisions: Sequence[Decision]) -> dict[Decision, list[int]]:
    """Places by decision. Neighbours mostly share one, so that hardly any is hashed."""
    groups: dict[Decision, list[int]] = {}
    last, mine = None, list[int]()
    for place, decision in enumerate(decisions):
        if decision is not last:
            last, mine = decision, groups.setdefault(decision, [])
        mine.append(place)
    return groups


def _about(whole: Subject, part: Sequence[Found], subjects: Sequence[Subject], *, places: Sequence[int]) -> Subject:
    """The one holding, if it is one, or what they have in common."""
    if len(places) == 1 and part[places[0]].images == 1:
        return replace(subjects[places[0]], ordinal=part[places[0]].holding.ordinal)
    return common(whole, [subjects[place] for place in places])


def _decided_part(
    archive: Archive, request: AccessRequest, part: Sequence[Found]
) -> tuple[About, list[Subject], list[Decision]]:
    """What is known of the patient, and of each holding the subject and the decision.

    What is remembered makes only those quicker to whom something is opened. A part of which nothing is takes the work
    of gathering all of it, also where the same person was let see something else of the patient a moment ago: what is
    not there takes it as well (`nothing_there`)."""
    desk, takeover = archive.catalogue.entitling, part[0].takeover
    number, patient, at = takeover.number, part[0].holding.patient, request.at
    with archive.catalogue.together():
        known = desk.about(request.principal, takeover.id, number=number, patient=patient, at=at)
        subjects = _subjects(known.subject, part)
        decisions = _decisions(request, subjects, known.facts)
        if any(decision.permitted for decision in decisions):
            desk.keep(request.principal, known, number=number)
        else:
            desk.gather_in_vain(request.principal, known, number=number, at=at)
    return known, subjects, decisions


def _decisions(request: AccessRequest, subjects: Sequence[Subject], facts: Facts) -> list[Decision]:
    """One for each subject, made once for those that are alike."""
    rules = rules_in_force(request.at)
    made: dict[Subject, Decision] = {}
    found: list[Decision] = []
    last = None
    for subject in subjects:
        if subject is not last and subject not in made:
            made[subject] = decide(replace(request, subject=subject), facts, rules=rules)
        found.append(found[-1] if subject is last else made[subject])
        last = subject
    return found


def _subjects(whole: Subject, part: Sequence[Found]) -> list[Subject]:
    """What a decision needs to know of each. The images of a study are alike in all that rules look at, and one subject
    stands for them: for a thousand images, one for each and one more to compare them by took 13 ms of 64."""
    found: list[Subject] = []
    images: dict[tuple[str, str], Subject] = {}
    for each in part:
        said = each.holding.description
        if said.dicom is None or said.document is not None:
            found.append(replace(subject_of(whole, each.holding), ordinal=0))
            continue
        day = said.dicom.attributes.get("StudyDate", "") if said.dicom.placed else ""
        alike = said.dicom.study_instance_uid, day
        if alike not in images:
            images[alike] = replace(subject_of(whole, each.holding), ordinal=0)
        found.append(images[alike])
    return found


def upkeep(archive: Archive, purpose: Purpose, *, takeover: str = "", reason: str) -> Warrant:
    """A warrant for the archive's own work on the objects of a takeover, or of all: nothing of it leaves the archive.
    It has its account like any other."""
    request = AccessRequest(
        principal=archive_itself(archive),
        purpose=purpose,
        operation=Operation.UPKEEP,
        subject=Subject(takeover=takeover),
        at=archive.clock(),
        door="worker",
        reason=reason,
    )
    account = ask(archive, request)
    return Warrant(account.number, (f"{folder_of(takeover)}/" if takeover else TAKEOVERS,))


def archive_itself(archive: Archive) -> Principal:
    """The archive as a principal: a process of it, on this machine."""
    now = archive.clock()
    process = f"process:{socket.gethostname()}/{os.getpid()}"
    return Principal(
        kind=PrincipalKind.ARCHIVE,
        id=f"archive:{archive.id.hex}",
        organisation=Organisation(archive.identifier, "EDM Archive", role="archive"),
        identification=Identification(Method.PROCESS, Assurance.HIGH, process, now, now + timedelta(days=1)),
    )
