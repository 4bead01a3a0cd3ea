"""What a DocumentReference says of its document, as facts that the archive keeps; and what it says besides."""

from collections.abc import Iterator

from repository.consents.vocabulary import KLAS_DOK_P1
from repository.domain.describing import DocumentFacts, EventFacts, Identifier
from repository.fhir_form.documents import CONFIDENTIALITY, FORMATS, LOINC, RELATION
from repository.fhir_form.values import DICOM_UID_SYSTEM
from repository.mhd import heard
from repository.mhd.elements import Element
from repository.mhd.references import References

_NOBODY = Identifier("", "")
_KEPT = frozenset({
    "resourceType", "id", "meta", "text", "contained", "masterIdentifier", "identifier", "status", "type", "category",
    "subject", "date", "author", "custodian", "relatesTo", "description", "securityLabel", "content", "context",
    "language", "extension",
})  # fmt: skip
_KEPT_CONTEXT = frozenset({"event", "period", "related", "sourcePatientInfo", "id"})
_OF_PEOPLE = frozenset({"Practitioner", "Patient", "RelatedPerson"})


def facts_of(said: Element, references: References) -> tuple[DocumentFacts | None, str]:
    """The facts, and the id of the DocumentReference of this archive that it replaces if it is named so. None where the
    document has no identifier, which is told as wrong."""
    own = heard.identifier(said.part("masterIdentifier"))
    if own is None:
        said.wrong("is missing", "masterIdentifier")
        return None, ""
    attachment = said.part("content").part("attachment")
    author, author_id = _author(said, references)
    replaces, replaced = _replaced(said)
    others = [found for each in said.parts("identifier") if (found := heard.identifier(each)) and found != own]
    facts = DocumentFacts(
        identifier=own,
        set_id=others[0] if others else None,
        template=_first(said.part("content").parts("format"), FORMATS),
        code=_of(said, "type", system=LOINC),
        class_code=_of(said, "category", system=KLAS_DOK_P1),
        title=attachment.text("title") or said.text("description"),
        effective_time=heard.moment(attachment, "creation"),
        confidentiality=_of(said, "securityLabel", system=CONFIDENTIALITY),
        language=attachment.text("language") or said.text("language"),
        author=author,
        author_id=author_id,
        custodian=_custodian(said, references),
        replaces=replaces,
        events=tuple(_events(said.part("context"))),
        study_uids=tuple(uid for uid, _ in _related(said.part("context")) if uid),
    )
    return facts, replaced


def unkept(said: Element) -> Iterator[str]:
    """Elements of it that are not kept, by their places: the archive has no words for them."""
    yield from (f"{said.place}.{name}" for name in said.value if name not in _KEPT and name.isalpha())
    context = said.part("context")
    yield from (f"{context.place}.{name}" for name in context.value if name not in _KEPT_CONTEXT and name.isalpha())
    for name, system in (("type", LOINC), ("category", KLAS_DOK_P1), ("securityLabel", CONFIDENTIALITY)):
        if list(said.codes(name)) and not _of(said, name, system=system):
            yield f"{said.place}.{name}"
    formats = said.part("content").parts("format")
    if formats and not _first(formats, FORMATS):
        yield f"{said.place}.content.format"
    if len(said.parts("author")) > 1:
        yield f"{said.place}.author"


def _of(said: Element, name: str, *, system: str) -> str:
    return next((code for known, code in said.codes(name) if known == system), "")


def _first(codings: list[Element], system: str) -> str:
    return next((each.text("code") for each in codings if each.text("system") == system), "")


def _author(said: Element, references: References) -> tuple[str, Identifier | None]:
    """The first that is a person, else the first that can be named."""
    found: list[tuple[bool, str, Identifier | None]] = []
    for each in said.parts("author"):
        there = references.near(each, said)
        if there is not None:
            known = [one for part in there.parts("identifier") if (one := heard.identifier(part))]
            person = there.text("resourceType") in _OF_PEOPLE
            called = heard.name(there) if person else ("" if there.parts("practitioner") else there.text("name"))
            found.append((not person, called, known[0] if known else None))
        else:
            found.append((True, each.text("display"), heard.identifier(each.part("identifier"))))
    named = sorted((each for each in found if each[1] or each[2]), key=lambda each: each[0])
    return (named[0][1], named[0][2]) if named else ("", None)


def _custodian(said: Element, references: References) -> Identifier | None:
    for each in said.parts("custodian"):
        there = references.near(each, said)
        for known in there.parts("identifier") if there is not None else each.parts("identifier"):
            return heard.identifier(known)
    return None


def _replaced(said: Element) -> tuple[Identifier | None, str]:
    """The identifier of what it replaces, or the id under which this archive has it."""
    relations = said.parts("relatesTo")
    for each in relations:
        if each.text("code") != RELATION:
            each.wrong(f"is not {RELATION}, the only relation that is kept", "code")
    if len(relations) > 1:
        said.wrong("is there more than once: a document replaces one", "relatesTo")
    if not relations:
        return None, ""
    target = relations[0].part("target")
    known = heard.identifier(target.part("identifier"))
    address = target.text("reference")
    if known is None and "DocumentReference/" in address:
        return None, address.rpartition("DocumentReference/")[2]
    if known is None:
        target.wrong("is neither an identifier nor a DocumentReference of this archive")
    return known, ""


def _related(context: Element) -> Iterator[tuple[str, Identifier | None]]:
    """(UID of a study, or empty; identifier of another thing)."""
    for each in context.parts("related"):
        said = each.part("identifier")
        if said.text("system") == DICOM_UID_SYSTEM:
            yield said.text("value").removeprefix("urn:oid:"), None
        else:
            yield "", heard.identifier(said)


def _events(context: Element) -> Iterator[EventFacts]:
    """The period of service belongs to each event; one without a code stands for it where there is none."""
    period = context.part("period")
    start, stop = heard.moment(period, "start"), heard.moment(period, "end")
    orders = [known for _, known in _related(context) if known]
    codes = [(code, system.removeprefix("urn:oid:")) for system, code in context.codes("event")]
    for code, system in codes or ([("", "")] if start or stop else []):
        yield EventFacts("service", _NOBODY, code=code, code_system=system, start=start, stop=stop)
    for known in orders:
        yield EventFacts("order", known)
