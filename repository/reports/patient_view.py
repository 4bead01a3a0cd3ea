"""What a patient or a representative may list: documentation, consents and accounts of access (R463-10.1.1).

Each list is a request for every record of the patient, which `decide` answers; a record that is refused, and one that
is not there, add nothing. Whoever gives `decide` sees to the accounts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from repository.access.account import Account
from repository.access.decision import Decision
from repository.access.identity import names
from repository.access.permission import Permission
from repository.access.principal import Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Subject
from repository.catalogue.folding import date_key
from repository.catalogue.query import Hit, Level, Query
from repository.domain.describing import Identifier
from repository.reports.asking import Period
from repository.reports.naming import Whose, patients_with
from repository.reports.who_looked import looks
from repository.runtime import Archive

Decide = Callable[[AccessRequest], Decision]


@dataclass(frozen=True, slots=True)
class Own:
    """A document or a study of the patient: `subject` is what a reading of it has to ask for."""

    subject: Subject
    hit: Hit


def own_documentation(
    archive: Archive, principal: Principal, *, decide: Decide, door: str, patient: Identifier | None = None
) -> Iterator[Own]:
    """The documents and studies that may be known of, each decided by itself. `patient`: whom `principal` stands for;
    without it, himself."""
    for whose in permitted(archive, principal, decide=decide, door=door, patient=patient, operation=Operation.SEARCH):
        takeover = archive.catalogue.takeover(whose.takeover).number
        for level in (Level.DOCUMENT, Level.STUDY):
            asked = Query(level=level, takeovers=(takeover,), patient=whose.number)
            for hit in _hits(archive, asked):
                subject = _subject(whose, hit)
                if decide(_request(archive, principal, subject, operation=Operation.SEARCH, door=door)).permitted:
                    yield Own(subject, hit)


def own_consents(
    archive: Archive, principal: Principal, *, decide: Decide, door: str, patient: Identifier | None = None
) -> list[Permission]:
    """Every edition of every consent, objection and grant about the patient, ended ones too, as recorded."""
    found: dict[tuple[str, int], Permission] = {}
    for whose in permitted(archive, principal, decide=decide, door=door, patient=patient, operation=Operation.SEARCH):
        for each in archive.catalogue.entitling.permissions(patients=whose.identifiers):
            if each.takeover in {"", whose.takeover}:
                found[each.id, each.edition] = each
    return sorted(found.values(), key=lambda each: (each.recorded_at, each.id, each.edition))


def own_accounts(
    archive: Archive, principal: Principal, *, decide: Decide, door: str, patient: Identifier | None = None,
    period: Period | None = None,
) -> Iterator[Account]:  # fmt: skip
    """Who has looked, by number: the accounts of `who_looked` for the records that may be known of."""
    asked = permitted(archive, principal, decide=decide, door=door, patient=patient, operation=Operation.ACCOUNTS)
    people = tuple(asked)
    return looks(archive, principal, people, period=period or Period()) if people else iter(())


def permitted(
    archive: Archive, principal: Principal, *, decide: Decide, door: str, patient: Identifier | None,
    operation: Operation,
) -> Iterator[Whose]:  # fmt: skip
    """The records of the patient about which `principal` may do this."""
    wanted = patient or principal.identifier
    if wanted is None or not names(wanted) or (patient is None and principal.kind is not PrincipalKind.PATIENT):
        return
    for whose in patients_with(archive, wanted):
        request = _request(archive, principal, whose.subject, operation=operation, door=door)
        if decide(request).permitted:
            yield whose


def _request(
    archive: Archive, principal: Principal, subject: Subject, *, operation: Operation, door: str
) -> AccessRequest:
    return AccessRequest(
        principal=principal, purpose=Purpose.PATIENT_REQUEST, operation=operation, subject=subject,
        at=archive.clock(), door=door,
    )  # fmt: skip


def _subject(whose: Whose, hit: Hit) -> Subject:
    """What a decision needs to know of a hit; what the search does not tell is not known."""
    said = hit.values
    if hit.level is Level.STUDY:
        day = date_key(said.get("StudyDate", ""))
        return replace(whose.subject, study=said.get("StudyInstanceUID", ""), date=day)
    document = Identifier(said["root"], said["extension"]) if said.get("extension") or said.get("root") else None
    day, code = date_key(said.get("effective_time", "")), said.get("class_code", "")
    return replace(whose.subject, ordinal=hit.ordinal, document=document, class_code=code, date=day)


def _hits(archive: Archive, query: Query) -> Iterator[Hit]:
    while True:
        page = archive.catalogue.search(query)
        yield from page.hits
        if not page.next:
            return
        query = replace(query, after=page.next)
