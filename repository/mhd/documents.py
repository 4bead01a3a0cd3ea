"""ITI-67 and ITI-68 as journeys: documents that match, as somebody; one of them, and its bytes.

A document is superseded where another one of the same takeover that the same caller may learn of says that it replaces
it, or is a later version of its set.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from repository.access.subject import Operation, Subject
from repository.accounting.fhir_dates import interval
from repository.accounting.fhir_tokens import Token, plain, token
from repository.catalogue.errors import TakeoverAmbiguous, TakeoverUnknown
from repository.catalogue.query import MOST, Hit, Level, Query
from repository.consents.vocabulary import KLAS_DOK_P1
from repository.domain.describing import DocumentFacts, Identifier
from repository.domain.holding import Holding
from repository.fhir_form import ids, values
from repository.fhir_form.documents import CONFIDENTIALITY, FORMATS, LOINC, Told
from repository.mhd import asking
from repository.mhd.asking import Asked, Narrow, Params, asked, beginning
from repository.mhd.errors import ParameterWrong
from repository.opening import Admitted, Errand, Found, admit, nothing_there
from repository.retrieval import resolve
from repository.runtime import Archive
from repository.searching import Looking, gathered, within_reach

AT_ONCE, MOST_LOOKED = 200, 5000  # hits that are looked at one by one, at one time and for one page


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """`next`: the mark of the next page, empty on the last. `unknown`: parameters that were passed over."""

    documents: tuple[Told, ...]
    next: str
    unknown: tuple[str, ...]


def _author_family(found: Asked, value: str) -> Asked:
    before = found.query.author
    if before and not before.startswith("*^"):
        raise ValueError("more than one value")
    return replace(found, query=replace(found.query, author=beginning(value) + before.removeprefix("*")))


def _author_given(found: Asked, value: str) -> Asked:
    before = found.query.author
    if "^" in before:
        raise ValueError("more than one value")
    return replace(found, query=replace(found.query, author=f"{before or '*'}^{beginning(value)}"))


def _category(found: Asked, value: str) -> Asked:
    wanted = token(value)
    if wanted.system not in (None, KLAS_DOK_P1):
        return replace(found, nothing=True)
    return found.narrowed(class_code=wanted.code)


def _related(found: Asked, value: str) -> Asked:
    wanted = token(value)
    if wanted.system in (values.DICOM_UID_SYSTEM, values.URI_SYSTEM):
        return found.narrowed(study_uids=(wanted.code.removeprefix("urn:oid:"),))
    if wanted.system is None:
        raise ValueError("SYSTEM|VALUE is asked for")
    return found.narrowed(event_id=Identifier(wanted.system.removeprefix("urn:oid:"), wanted.code))


NARROWING: Mapping[str, Narrow] = {
    "author.family": _author_family,
    "author.given": _author_given,
    "category": _category,
    "identifier": asking.by_document,
    "patient": asking.by_patient,
    "subject": asking.by_patient,
    "patient.identifier": asking.by_patient_identifier,
    "patient:identifier": asking.by_patient_identifier,
    "related": _related,
    "related:identifier": _related,
}


def _coded(system: str, codes: Iterable[str]) -> Callable[[str], bool]:
    known = [Token(system, each) for each in codes if each]
    return lambda value: any(each.met_by(token(value)) for each in known)


def _span(first: str, last: str) -> Callable[[str], bool]:
    """Moments as FHIR writes them."""
    if not first:
        return lambda _: False
    since, after = interval(first)[0], interval(last or first)[1]
    return lambda value: asking.within(value, since, after)


def _period(facts: DocumentFacts) -> Callable[[str], bool]:
    starts = sorted(filter(None, (values.moment(each.start) for each in facts.events)))
    stops = sorted(filter(None, (values.moment(each.stop or each.start) for each in facts.events)))
    return _span(starts[0] if starts else "", stops[-1] if stops else "")


Look = Callable[[Told], Callable[[str], bool]]
LOOKING: Mapping[str, Look] = {
    "_id": lambda told: lambda value: plain(value) == told.id,
    "category": lambda told: _coded(KLAS_DOK_P1, [told.facts.class_code]),
    "creation": lambda told: _span(values.moment(told.facts.effective_time), ""),
    "date": lambda told: _span(told.holding.received_at, ""),
    "event": lambda told: (
        lambda value: any(_coded(values.system(each.code_system), [each.code])(value) for each in told.facts.events)
    ),
    "facility": lambda told: _coded(values.ABSENT, ["unknown"]),  # noqa: ARG005  nobody knows any
    "format": lambda told: _coded(FORMATS, [values.code(told.facts.template)]),
    "language": lambda told: _coded("urn:ietf:bcp:47", [told.facts.language]),
    "period": lambda told: _period(told.facts),
    "security-label": lambda told: _coded(CONFIDENTIALITY, [told.facts.confidentiality]),
    "setting": lambda told: _coded(values.ABSENT, ["unknown"]),  # noqa: ARG005
    "status": lambda told: lambda value: token(value).code == told.status,
    "type": lambda told: _coded(LOINC, [told.facts.code]),
}
"""Parameters that each hit is looked at by: whether it has one value."""


def find_documents(archive: Archive, errand: Errand, params: Params) -> DocumentPage:
    """A page of what matches and the errand may learn of, as long as was asked for unless it is the last; one account.
    Raises `ParameterWrong`, `BadCursor`."""
    wanted = asked(params, Level.DOCUMENT, narrowing=NARROWING, looking=frozenset(LOOKING))
    for name, said in wanted.left:  # what cannot be taken is said so, whatever is found
        for value in said:
            if name in ("creation", "date", "period"):
                _checked_date(name, value)
    queries = wanted.queries(_takeovers(archive, wanted))
    return gathered(archive, errand, partial(_filled if len(queries) == 1 else _either, wanted, queries))


def _either(wanted: Asked, queries: Sequence[Query], looking: Looking) -> tuple[DocumentPage, list[Hit]]:
    """What any of `queries` finds, on one page."""
    hits = {(hit.takeover, hit.ordinal): hit for query in queries for hit in looking.look(query).hits}
    found = _matching(looking, list(hits.values()), wanted)
    return DocumentPage(tuple(told for told, _ in found), "", wanted.unknown), [hit for _, hit in found]


def _filled(wanted: Asked, queries: Sequence[Query], looking: Looking) -> tuple[DocumentPage, list[Hit]]:
    """One page, looked together: what no index knows is looked at hit by hit, and few may have it. After `MOST_LOOKED`
    hits the page ends as it is, with a way to the next one."""
    (query,), found, looked = queries, list[tuple[Told, Hit]](), 0
    most, at_once = query.limit, query.limit if not wanted.left else max(query.limit, AT_ONCE)
    while True:
        page = looking.look(replace(query, limit=at_once))
        new, over = _matching(looking, page.hits, wanted), 0
        if len(found) + len(new) > most:  # the page ends at the last hit that is told
            last = new[most - len(found) - 1][1]
            over = page.hits.index(last) + 1
            page = looking.look(replace(query, limit=over))
            new = new[: most - len(found)]
        found, looked = found + new, looked + len(page.hits)
        if not page.next or len(found) >= most or looked >= MOST_LOOKED:
            return DocumentPage(tuple(told for told, _ in found), page.next, wanted.unknown), [hit for _, hit in found]
        query = replace(query, after=page.next)


def documents_of(archive: Archive, errand: Errand, params: Params) -> list[Told]:
    """All documents of the patients that `params` name, whatever the length of a page; one account. Raises
    `ParameterWrong`."""
    names = ("patient", "subject", "patient.identifier", "patient:identifier")
    narrowing = {name: NARROWING[name] for name in names}
    said = {name: values for name, values in params.items() if name in narrowing}
    if not said:
        raise ParameterWrong(parameter="patient", reason="a patient has to be named")
    wanted = asked(said, Level.DOCUMENT, narrowing=narrowing)
    (query,) = wanted.queries(_takeovers(archive, wanted))

    def all_of(looking: Looking) -> tuple[list[Told], list[Hit]]:
        page = looking.look(replace(query, limit=MOST))
        hits = list(page.hits)
        while page.next:
            page = looking.look(replace(query, limit=MOST, after=page.next))
            hits += page.hits
        return [told for told, _ in _told(looking, hits)], hits

    return gathered(archive, errand, all_of)


def _checked_date(name: str, value: str) -> None:
    try:
        interval(value)
    except ValueError as error:
        raise ParameterWrong(parameter=name, reason=str(error)) from None


def _meets(told: Told, wanted: Asked) -> bool:
    if wanted.identifier is not None:
        known, said = asking.identifier_of(wanted.identifier), (told.facts.identifier, told.facts.set_id)
        if not any(each and (each == known if known else each.extension == wanted.identifier.code) for each in said):
            return False  # an OID alone is an identifier, and no beginning of others
    return all(any(map(LOOKING[name](told), said)) for name, said in wanted.left if name in LOOKING)


def _takeovers(archive: Archive, wanted: Asked) -> tuple[int, ...] | None:
    if wanted.takeover is None:
        return None
    number = takeover_number(archive, wanted.takeover)
    return (number,) if number else ()


def takeover_number(archive: Archive, id: str) -> int:  # noqa: A002  the domain calls it id everywhere
    """0 where there is none of that whole id."""
    try:
        found = archive.catalogue.takeover(id)
    except (TakeoverUnknown, TakeoverAmbiguous):
        return 0
    return found.number if found.id == id else 0


def open_document(archive: Archive, errand: Errand, id: str) -> Admitted:  # noqa: A002  FHIR's name
    """The document of that id, to be opened. Raises `AccessRefused`, whether it is refused or not there."""
    named = ids.read_numbered(id)
    if named is None:
        raise nothing_there(archive, errand)
    found = (each for each in resolve(archive, f"{named.takeover}/{named.number}") if _is(each, named))
    return next(iter(admit(archive, errand, found, operation=Operation.READ)))


def _is(found: Found, named: ids.Numbered) -> bool:
    """A document under its own number: a duplicate's, and an image's, are not ids here."""
    return found.holding.ordinal == named.number and found.holding.description.document is not None


def read_document(archive: Archive, errand: Errand, id: str) -> Told:  # noqa: A002  FHIR's name
    """What is known of the document of that id. Raises `AccessRefused`."""
    found = open_document(archive, errand, id).found
    with archive.catalogue.together():
        within = within_reach(archive, errand.request(archive, Operation.SEARCH, Subject(takeover="")))
        return _related_to(Looking(archive, within), Told(found.takeover, found.holding))


def _matching(looking: Looking, hits: Sequence[Hit], wanted: Asked) -> list[tuple[Told, Hit]]:
    return [(told, hit) for told, hit in _told(looking, hits) if _meets(told, wanted)]


def _told(looking: Looking, hits: Sequence[Hit]) -> list[tuple[Told, Hit]]:
    catalogue = looking.archive.catalogue
    takeovers = {number: catalogue.takeover_by_number(number) for number in {hit.takeover for hit in hits}}
    held = dict[tuple[int, int], Holding]()
    for number, holding in catalogue.holdings_at([(hit.takeover, hit.ordinal) for hit in hits]):
        held[number, holding.ordinal] = holding
    return [(_related_to(looking, Told(takeovers[hit.takeover], held[hit.takeover, hit.ordinal])), hit) for hit in hits]


def _related_to(looking: Looking, told: Told) -> Told:
    """With what of its set, and of what replaces it, the errand may learn of: nothing else shows."""

    def alike(**of: object) -> tuple[Hit, ...]:
        query = Query(level=Level.DOCUMENT, takeovers=(told.takeover.number,), **of)  # type: ignore[arg-type]
        return looking.beside(query).hits

    facts, replaced, superseded = told.facts, "", False
    if facts.identifier.root or facts.identifier.extension:
        superseded = any(hit.ordinal != told.holding.ordinal for hit in alike(replaces=facts.identifier))
    if not superseded and facts.set_id is not None and facts.version is not None:
        superseded = any(_version(hit) > facts.version for hit in alike(set_id=facts.set_id))
    if facts.replaces is not None and (facts.replaces.root or facts.replaces.extension):
        before = alike(document_root=facts.replaces.root, document_id=facts.replaces.extension)
        same = [hit for hit in before if (hit.values.get("extension", "")) == facts.replaces.extension]
        replaced = ids.numbered(told.takeover.id, same[0].ordinal) if same else ""
    return replace(told, superseded=superseded, replaced=replaced)


def _version(hit: Hit) -> int:
    text = hit.values.get("version", "")
    return int(text) if text.isascii() and text.isdigit() else -1
