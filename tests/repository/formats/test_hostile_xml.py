"""XML written to harm its reader is named as that; XML that is only wrong is kept."""

import pytest

from repository.domain.describing import Kind
from repository.findings import rules
from repository.formats import HOSTILE
from repository.formats.xml import parser
from tests.builders.cda import clinical_document
from tests.repository.formats.items import codes, described, described_from

LAUGHS = "<!DOCTYPE l [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
DOCUMENT = (
    "<?xml version='1.0'?>\n<?xml-stylesheet href='a'?>{}<ClinicalDocument xmlns='urn:hl7-org:v3'>{}</ClinicalDocument>"
)
DECLARATIONS = [
    LAUGHS + "]>",
    "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
    "<!DOCTYPE x PUBLIC '-//X' 'http://127.0.0.1:9/x.dtd'>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>",
    "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]>",
    "<!DOCTYPE ClinicalDocument [<!ATTLIST ClinicalDocument a CDATA 'b'>]>",
    "<!DOCTYPE html [<!ENTITY a 'b'>]>",
    "<!DOCTYPE ClinicalDocument>",
]


@pytest.mark.parametrize("declaration", DECLARATIONS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_declarations_are_hostile_in_every_encoding(declaration: str, encoding: str) -> None:
    data = DOCUMENT.format(declaration, "<title>&j;</title>").encode(encoding)
    description = described(data)
    assert (description.kind, codes(description)) == (Kind.XML, ["XML-001"])
    assert described_from(data, head=90) == description
    assert description.document is None


def test_what_only_looks_like_a_declaration_is_not_hostile() -> None:
    for text in ("<!-- <!DOCTYPE x> -->", "<a><![CDATA[<!ENTITY x 'y'>]]></a>"):
        description = described(DOCUMENT.format("", text).encode())
        assert HOSTILE.isdisjoint(codes(description))
        assert description.kind is Kind.CDA


@pytest.mark.parametrize("close", ["</a>", ""])
@pytest.mark.parametrize("depth", [parser.MAX_DEPTH + 1, 100_000])
def test_deep_nesting_is_hostile(close: str, depth: int) -> None:
    data = b"<a>" * depth + close.encode() * depth
    assert codes(described(data)) == codes(described_from(data, head=300)) == ["XML-002"]


def test_nesting_up_to_the_limit_is_read() -> None:
    data = b"<a>" * parser.MAX_DEPTH + b"</a>" * parser.MAX_DEPTH
    assert codes(described(data)) == codes(described_from(data, head=300)) == []


def test_a_flood_of_elements_is_hostile() -> None:
    data = b"<a>" + b"<b/>" * parser.MAX_ELEMENTS + b"</a>"
    assert codes(described(data)) == codes(described_from(data, head=300)) == ["XML-003"]


@pytest.mark.parametrize("length", [parser.MAX_ATTRIBUTE + 1, 11 << 20])
def test_a_huge_attribute_is_hostile(length: int) -> None:
    data = b'<a b="' + b"x" * length + b'"/>'
    assert codes(described(data)) == ["XML-004"]


def test_a_flood_of_text_in_a_header_is_hostile_and_in_a_body_it_is_a_scan() -> None:
    flood = "x" * (parser.MAX_HEADER_TEXT + 10)
    assert codes(described(DOCUMENT.format("", f"<title>{flood}</title>").encode())) == ["XML-004"]
    document = clinical_document(body=f"<text>{'QUJD' * (4 << 20)}</text>", signed=True)  # above libxml2's 10 MB
    description = described(document)
    assert description.findings == ()
    assert description.document is not None
    assert description.document.signed


def test_large_xml_of_another_kind_is_kept() -> None:
    description = described(b"<a>" + b"QUJD" * (3 << 20) + b"</a>")
    assert (description.kind, codes(description)) == (Kind.XML, [])


def test_a_document_above_the_limit_is_read_as_far_as_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_BYTES", 1 << 18)
    description = described(clinical_document(body=f"<text>{'QUJD' * (1 << 19)}</text>"))
    assert codes(description) == ["XML-007"]
    assert description.document is not None


@pytest.mark.parametrize("name", ["UTF-7", "EBCDIC-CP-US", "UTF-32", "x" * 60, "ISO-2022-JP", "ucs-4"])
def test_an_encoding_that_could_hide_mark_up_is_not_read(name: str) -> None:
    smuggled = f'<?xml version="1.0" encoding="{name}"?>+ADwAIQ-DOCTYPE a +AFs-+ADwAIQ-ENTITY b SYSTEM "file:///etc/passwd"+AD4AXQA+-<a>+ACY-b+ADs-</a>'
    description = described(smuggled.encode())
    assert (description.kind, codes(description), description.document) == (Kind.XML, ["XML-006"], None)


def test_a_byte_order_mark_outranks_a_declared_encoding() -> None:
    for declared in ("UTF-7", "ISO-8859-1", "UTF-16"):
        data = b"\xef\xbb\xbf" + clinical_document(encoding="utf-8").replace(b'"utf-8"', f'"{declared}"'.encode(), 1)
        assert described(data).document == described(clinical_document()).document


def test_bytes_outside_the_declared_encoding_are_reported() -> None:
    data = clinical_document().decode().replace("zmian", "zmianą").encode("cp1250")
    description = described(data)
    assert (description.kind, codes(description)) == (Kind.XML, ["XML-008"])


@pytest.mark.parametrize(
    "data",
    [b"<a><b></a>", b"<?xml version='1.0'?>", b"<a>&undefined;</a>", b"<a:b/>", b"<!-- a", b"<a>", b"<a b='1' b='2'/>"],
)
def test_malformed_xml_is_kept_with_a_finding(data: bytes) -> None:
    description = described(data)
    assert (description.kind, codes(description)) == (Kind.XML, ["XML-005"])


def test_hostile_findings_exist_and_are_errors() -> None:
    assert {rules()[code].severity for code in HOSTILE} == {"error"}
    kept = {
        code for code, rule in rules().items() if code.startswith(("XML", "DCM", "FMT")) and rule.severity == "error"
    }
    assert kept == HOSTILE
