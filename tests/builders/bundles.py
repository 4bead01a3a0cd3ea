"""Bundles of ITI-65 as a hospital system sends them, of synthetic people."""

import base64
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from repository.domain.identifiers import PESEL_OID
from tests.builders.cda import NODE, clinical_document
from tests.builders.dicom import person

Json = dict[str, Any]
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
MINIMAL = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"
LIST_TYPES = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
SOURCE_ID = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId"
LOINC, KLAS = "http://loinc.org", "urn:oid:2.16.840.1.113883.3.4424.11.1.32"


@dataclass(frozen=True)
class Paper:
    """A document to send; `said`: what its DocumentReference says in place of the usual, None for nothing."""

    content: bytes
    media_type: str = "application/pdf"
    identifier: str = "urn:oid:1.2.616.99.1"
    value: str = ""
    seed: int = 0
    said: tuple[tuple[str, Any], ...] = ()

    @property
    def master(self) -> Json:
        system, value = (self.identifier, self.value) if self.value else ("urn:ietf:rfc:3986", self.identifier)
        return {"use": "usual", "system": system, "value": value}


def pdf(number: int, *, seed: int = 0, **said: Any) -> Paper:
    return Paper(PDF + b"%% %d\n" % number, identifier=f"urn:oid:1.2.616.99.{seed}.{number}", seed=seed,
        said=tuple(said.items()))  # fmt: skip


def cda(seed: int, *, version: int = 1, **said: Any) -> Paper:
    """A document that says itself who and what it is; its description agrees."""
    return Paper(clinical_document(seed, version=version), "text/xml", f"urn:oid:{NODE}.7.1", f"{seed}.{version}",
        seed, tuple(said.items()))  # fmt: skip


def patient(seed: int) -> Json:
    who = person(seed)
    family, given = who.name.split("^")[:2]
    born = f"{who.birth_date[:4]}-{who.birth_date[4:6]}-{who.birth_date[6:]}"
    return {
        "resourceType": "Patient", "id": "pat", "identifier": [{"system": f"urn:oid:{PESEL_OID}", "value": who.pesel}],
        "name": [{"family": family, "given": given.split()}], "birthDate": born,
    }  # fmt: skip


def address(*parts: object) -> str:
    """The same each time, so that a bundle that is made anew is the same bundle."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, '/'.join(map(str, parts)))}"


def reference(paper: Paper) -> Json:
    author = {"resourceType": "Practitioner", "id": "author",
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.3.4424.1.6.2", "value": "5425740"}],
        "name": [{"family": "Nowak", "given": ["Piotr"]}]}  # fmt: skip
    attachment = {
        "contentType": paper.media_type, "language": "pl-PL", "url": address(paper.master, "binary"),
        "size": len(paper.content), "title": "Karta informacyjna", "creation": "2024-05-06T08:10:00+02:00",
        "hash": base64.b64encode(hashlib.sha1(paper.content, usedforsecurity=False).digest()).decode(),
    }  # fmt: skip
    made: Json = {
        "resourceType": "DocumentReference",
        "contained": [author, patient(paper.seed)],
        "masterIdentifier": paper.master,
        "identifier": [{"use": "official", "system": "urn:ietf:rfc:3986", "value": address(paper.master, "entry")}],
        "status": "current",
        "type": {"coding": [{"system": LOINC, "code": "18842-5"}]},
        "category": [{"coding": [{"system": KLAS, "code": "01.10"}]}],
        "subject": {"reference": "#pat"},
        "date": "2024-05-06T09:00:00+02:00",
        "author": [{"reference": "#author"}],
        "securityLabel": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
        ],
        "content": [{"attachment": attachment}],
        "context": {
            "event": [{"coding": [{"system": "http://snomed.info/sct", "code": "71388002"}]}],
            "period": {"start": "2024-05-01T08:00:00+02:00", "end": "2024-05-06T08:00:00+02:00"},
            "sourcePatientInfo": {"reference": "#pat"},
            "related": [
                {"identifier": {"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.99.7"}},
                {"identifier": {"system": "urn:oid:1.2.616.98", "value": f"order-{paper.seed}"}},
            ],
        },
    }
    made |= dict(paper.said)
    return {name: value for name, value in made.items() if value is not None}


def entry(resource: Json, url: str) -> Json:
    return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


def bundle(*papers: Paper) -> Json:
    """`papers`, listed in one submission set, each with its content as a Binary."""
    references = [entry(reference(each), address(each.master, "reference")) for each in papers]
    set_: Json = {
        "resourceType": "List",
        "extension": [{"url": SOURCE_ID, "valueIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}}],
        "identifier": [
            {"use": "usual", "system": "urn:ietf:rfc:3986", "value": address(*(each.master for each in papers))}
        ],
        "status": "current",
        "mode": "working",
        "code": {"coding": [{"system": LIST_TYPES, "code": "submissionset"}]},
        "date": "2024-05-06T09:00:00+02:00",
        "entry": [{"item": {"reference": each["fullUrl"]}} for each in references],
    }
    binaries = [
        entry(
            {"resourceType": "Binary", "contentType": each.media_type,
                "data": base64.b64encode(each.content).decode()},
            address(each.master, "binary"),
        )
        for each in papers
    ]  # fmt: skip
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [MINIMAL]},
        "type": "transaction",
        "entry": [entry(set_, address("set")), *references, *binaries],
    }


def changed(made: Json, does: Callable[[Json], object]) -> Json:
    """`made`, after `does` has done something to it."""
    does(made)
    return made


def parts_of(made: Json, kind: str) -> Sequence[Json]:
    return [each["resource"] for each in made["entry"] if each["resource"]["resourceType"] == kind]
