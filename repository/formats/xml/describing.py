"""An XML item described: a clinical document with its facts, other XML as what it is."""

from collections.abc import Callable
from typing import BinaryIO

from repository.domain.describing import Description, Kind
from repository.findings import Finding
from repository.formats.identifiers import pesel_findings
from repository.formats.xml.cda import document_of, patient_of
from repository.formats.xml.parser import CLINICAL_DOCUMENT, parse
from repository.formats.xml.prolog import CDA, XML
from repository.formats.xml.rules import broken_rules


def describe_xml(head: bytes, *, size: int, open_rest: Callable[[], BinaryIO]) -> Description:
    """The facts of the XML item of `size` bytes that begins with `head`; the root element decides what it is."""
    parsed = parse(head, size=size, open_rest=open_rest)
    root = parsed.root
    if root is None or root.tag != CLINICAL_DOCUMENT:
        return Description(kind=Kind.XML, media_type=XML[1], findings=parsed.findings)
    findings = [*parsed.findings, *broken_rules(root, stylesheet=parsed.stylesheet)]
    document, patient = document_of(root, signed=parsed.signed), patient_of(root)
    if document is None:
        findings.append(Finding("XML-009"))
    if patient is None or not patient.identifiers:
        findings.append(Finding("XML-010"))
    if patient is not None:
        findings += pesel_findings(patient)
    return Description(kind=Kind.CDA, media_type=CDA[1], patient=patient, document=document, findings=tuple(findings))
