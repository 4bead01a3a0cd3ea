"""What a bundle of ITI-65 Provide Document Bundle (IHE MHD 4.2) brings: its documents, each with what is said of it.

Read as plain values, before anything is done. All that is wrong is gathered and told at once; what is right and is not
kept is named in `Document.unkept`, so that nobody believes that it is.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from repository.domain.describing import DocumentFacts, PatientFacts
from repository.fhir_form.custody import LIST_TYPES, SOURCE_ID, SUBMISSION_SET
from repository.mhd.elements import Element
from repository.mhd.errors import BundleWrong, Fault
from repository.mhd.metadata import facts_of, unkept
from repository.mhd.references import References

MOST_ENTRIES = 500
KINDS = frozenset({"List", "DocumentReference", "Binary", "Patient"})
MOST_CONTENT = 32 << 20  # bytes of all documents of a bundle, as they are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as it was sent. `place`: its DocumentReference; `entry`, `binary`: the numbers of its entries, of
    the latter -1 where its content stands in the description. `replaced`: id of the DocumentReference of this archive
    that it replaces, where it was named so."""

    place: str
    entry: int
    binary: int
    content: bytes
    sha1: bytes
    media_type: str
    facts: DocumentFacts
    patient: PatientFacts | None
    replaced: str = ""
    unkept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """`kinds`: of each entry, in the order of the bundle; to each of them there is an answer."""

    kinds: tuple[str, ...]
    documents: tuple[Document, ...]


def submission_of(bundle: Any) -> Submission:
    """What `bundle` brings. Raises `BundleWrong` with all that is wrong with it."""
    faults: list[Fault] = []
    whole = Element(bundle, "Bundle", faults)
    entries = whole.parts("entry")
    _check_bundle(whole, entries)
    if faults:
        raise BundleWrong(faults)
    references = References(entries)
    found = [
        _document(number, references)
        for number, kind in enumerate(references.kinds)
        if kind == "DocumentReference"
    ]  # fmt: skip
    _check_set(whole, references)
    _check_together(whole, found, references)
    if faults:
        raise BundleWrong(faults)
    return Submission(references.kinds, tuple(each for each in found if each is not None))


def _check_bundle(whole: Element, entries: list[Element]) -> None:
    if whole.value.get("resourceType") != "Bundle" or whole.text("type") != "transaction":
        whole.wrong("is not a Bundle of type transaction")
    whole.absent("implicitRules")
    if not 2 <= len(entries) <= MOST_ENTRIES:
        whole.wrong(f"has to have 2 to {MOST_ENTRIES} entries", "entry")
        return
    for each in entries:
        kind, request = each.part("resource").text("resourceType"), each.part("request")
        if kind not in KINDS:
            each.wrong(f"is none of {', '.join(sorted(KINDS))}", "resource")
        elif request.text("method").upper() not in (("POST", "PUT") if kind == "Patient" else ("POST",)):
            each.wrong("is not POST", "request.method")
        elif request.text("url").partition("/")[0].partition("?")[0] != kind:
            each.wrong("is not the kind of the resource", "request.url")
        each.part("resource").absent("modifierExtension", "implicitRules")


def _check_set(whole: Element, references: References) -> None:
    """One SubmissionSet that lists each document of the bundle, and nothing else (MHD 4.2, 3.65.4.1.2)."""
    lists = references.of_kind("List")
    if len(lists) != 1:
        whole.wrong("there has to be one List, the SubmissionSet", "entry")
        return
    (made,) = lists
    if (LIST_TYPES, SUBMISSION_SET) not in list(made.codes("code")):
        made.wrong(f"is not {SUBMISSION_SET} of {LIST_TYPES}", "code")
    for name, only in (("status", "current"), ("mode", "working")):
        if made.needed(name) not in ("", only):
            made.wrong(f"is not {only}", name)
    made.needed("date")
    if not any(each.text("value") for each in made.parts("identifier")):
        made.wrong("is missing", "identifier")
    if not any(each.value.get("url") == SOURCE_ID for each in made.parts("extension")):
        made.wrong(f"is missing: {SOURCE_ID}", "extension")
    listed = [references.number_of(each.part("item"), needed="DocumentReference") for each in made.parts("entry")]
    numbers = [number for number, kind in enumerate(references.kinds) if kind == "DocumentReference"]
    if not numbers:
        whole.wrong("there is no DocumentReference", "entry")
    if sorted(each for each in listed if each is not None) != numbers:
        made.wrong("does not list each document of the bundle once", "entry")


def _check_together(whole: Element, found: list[Document | None], references: References) -> None:
    documents = [each for each in found if each is not None]
    if sum(len(each.content) for each in documents) > MOST_CONTENT:
        whole.wrong(f"the documents are larger than {MOST_CONTENT} bytes", "entry")
    for alike, words in (
        ([each.facts.identifier for each in documents], "two documents have one masterIdentifier"),
        ([each.content for each in documents], "two documents are the same bytes"),
    ):
        if len(set(alike)) != len(alike):
            whole.wrong(words, "entry")
    spare = {number for number, kind in enumerate(references.kinds) if kind == "Binary"}
    spare -= {each.binary for each in documents}
    if spare and len(documents) == len(found):
        whole.wrong("is a Binary that no document has", f"entry[{min(spare)}].resource")
    known = [set(each.patient.identifiers) for each in documents if each.patient and each.patient.identifiers]
    if any(not one & known[0] for one in known):
        whole.wrong("the documents are not all of one patient", "entry")


def _document(number: int, references: References) -> Document | None:
    """None where it lacks so much that it cannot be looked at; that is told as wrong then."""
    said = references.resources[number]
    said.absent("docStatus")
    if said.needed("status") not in ("", "current"):
        said.wrong("is not current", "status")
    contents = said.parts("content")
    if len(contents) != 1:
        said.wrong("has to be there once", "content")
        return None
    attachment = contents[0].part("attachment")
    media_type = attachment.needed("contentType").partition(";")[0].strip().lower()
    binary, content = _content(attachment, media_type, references)
    whose = references.patient_of(said)
    facts, replaced = facts_of(said, references)
    if content is None or facts is None:
        return None
    sha1 = hashlib.sha1(content, usedforsecurity=False).digest()  # FHIR R4 Attachment.hash
    _check_content(attachment, content, sha1)
    return Document(
        place=said.place,
        entry=number,
        binary=binary,
        content=content,
        sha1=sha1,
        media_type=media_type,
        facts=facts,
        patient=whose,
        replaced=replaced,
        unkept=tuple(unkept(said)),
    )


def _content(attachment: Element, media_type: str, references: References) -> tuple[int, bytes | None]:
    if "url" not in attachment.value:
        return -1, _decoded(attachment)
    attachment.absent("data")
    number = references.number_of(attachment, needed="Binary", name="url")
    if number is None:
        return -1, None
    holder = references.resources[number]
    if holder.needed("contentType").partition(";")[0].strip().lower() not in ("", media_type):
        attachment.wrong("is not that of the Binary", "contentType")
    return number, _decoded(holder)


def _decoded(holder: Element) -> bytes | None:
    """Bit for bit; FHIR R4 lets white space stand in base64."""
    data = holder.value.get("data")
    if not isinstance(data, str) or not data:
        holder.wrong("is missing", "data")
        return None
    try:
        found = base64.b64decode(data if data.isalnum() else "".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        holder.wrong("is not base64", "data")
        return None
    if not found:
        holder.wrong("is empty", "data")
    return found or None


def _check_content(attachment: Element, content: bytes, sha1: bytes) -> None:
    for name, is_so in _checks(attachment, content, sha1):
        if not is_so:
            attachment.wrong("is not that of the content", name)


def _checks(attachment: Element, content: bytes, sha1: bytes) -> Iterator[tuple[str, bool]]:
    if size := attachment.text("size"):
        yield "size", size == str(len(content))
    if digest := attachment.text("hash"):
        yield "hash", digest == base64.b64encode(sha1).decode()
