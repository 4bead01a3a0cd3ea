"""Headers of clinical documents: our own, and the official examples of PIK HL7 CDA 1.3.1 where they are at hand."""

import dataclasses

import pytest

from repository.domain.describing import EventFacts, Identifier, Kind
from repository.formats.xml.cda import KLAS_DOK_P1
from tests.builders.cda import NODE, STYLESHEET, clinical_document
from tests.builders.dicom import PESEL_ROOT, person
from tests.builders.shared import official_examples
from tests.repository.formats.items import codes, described, described_from

# The examples belong to the publisher of the standard and are not part of this repository.
STUDY = "1.2.826.0.1.3680043.10.1234.1.1"


def test_a_header_gives_its_facts() -> None:
    description = described(clinical_document(3, version=2, study_uid=STUDY, signed=True))
    assert (description.kind, description.media_type, description.findings) == (Kind.CDA, "text/xml", ())
    document, who = description.document, person(3)
    assert document is not None
    assert document.identifier == Identifier(f"{NODE}.7.1", "3.2")
    assert (document.set_id, document.version) == (Identifier(f"{NODE}.7.2", "3"), 2)
    assert document.template == "2.16.840.1.113883.3.4424.13.10.1.16^1.3.1"
    assert (document.code, document.class_code, document.language) == ("70004-7", "06.00", "pl-PL")
    assert (document.title, document.effective_time) == ("Opis badania diagnostycznego", "20240506")
    assert (document.author, document.confidentiality) == ("Nowak^Piotr", "N")
    assert document.author_id == Identifier("2.16.840.1.113883.3.4424.1.6.2", "5425740")
    assert document.custodian == Identifier("2.16.840.1.113883.3.4424.2.3.1", "000000190353")
    assert (document.replaces, document.signed) == (Identifier(f"{NODE}.7.1", "3.1"), True)
    assert document.study_uids == (STUDY,)
    specialty, procedure = "2.16.840.1.113883.3.4424.11.2.4", "2.16.840.1.113883.3.4424.11.2.6"
    assert document.events == (
        EventFacts("encounter", Identifier(f"{NODE}.98", "K3"), "7200", specialty, start="202405060800"),
        EventFacts("service", Identifier(f"{NODE}.99", "B3"), "87.440", procedure, "202405060810", "202405060820"),
        EventFacts("order", Identifier(f"{NODE}.97", "ACC0003")),
    )
    assert description.patient is not None
    family, given = who.name.split("^")
    assert description.patient.name == "^".join([family, *given.split(" ", 1)])
    assert (description.patient.birth_date, description.patient.sex) == (who.birth_date, who.sex)
    assert Identifier(PESEL_ROOT, who.pesel) in description.patient.identifiers


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-2", "windows-1250"])
@pytest.mark.parametrize("seed", range(4))
def test_size_and_encoding_change_nothing(encoding: str, seed: int) -> None:
    plain = described(clinical_document(seed, study_uid=STUDY))
    data = clinical_document(seed, study_uid=STUDY, encoding=encoding)
    assert described(data) == described_from(data, head=700) == plain


@pytest.mark.parametrize(
    ("found", "put", "code"),
    [
        ("POCD_HD000040", "POCD_HD000041", "XML-H01"),
        ('extension="1.3.1"', 'extension="latest"', "XML-H02"),
        (STYLESHEET, "", "XML-H03"),
        ("CDA_PL_IG_1.3.1.xsl", "CDA_PL_IG_1.3.2.xsl", "XML-H03"),
        (f'root="{NODE}.7.1"/>\n<code', "/>\n<code", "XML-H04"),
        ("2.16.840.1.113883.6.1", "2.16.840.1.113883.6.2", "XML-H05"),
        ('<effectiveTime value="20240506"/>', '<effectiveTime value="20240231"/>', "XML-H06"),
        ('code="N"', 'code="Q"', "XML-H07"),
        ("pl-PL", "pl", "XML-H08"),
        ('<versionNumber value="1"/>', '<versionNumber value="0"/>', "XML-H09"),
        ('<birthTime value="', '<birthTime value="9', "XML-H10"),
        ("<family>", "<nazwisko>", "XML-H10"),
        (f'root="{NODE}.17.1"', 'root="2.16.840.1.113883.3.4424.1.1"', "XML-H12"),
        ('<author><time value="20240506"/>', '<author><time value="20240507"/>', "XML-H14"),
        ("custodian>", "kustosz>", "XML-H16"),
        ('<id extension="ACC0000"', '<nr extension="ACC0000"', "XML-H21"),
    ],
)
def test_each_broken_header_rule_is_named(found: str, put: str, code: str) -> None:
    text = clinical_document(0).decode()
    assert found in text
    broken = (
        text.replace(found, put)
        .replace("<nazwisko>", "<b>")
        .replace("</family>", "</b>" if "nazwisko" in put else "</family>")
    )
    broken = broken.replace(f'<nr extension="ACC0000" root="{NODE}.97"/>', "")
    description = described(broken.encode())
    assert code in codes(description)
    assert description.kind is Kind.CDA


def test_a_wrong_next_version_and_a_wrong_pesel_are_named() -> None:
    text = clinical_document(0, version=2).decode()
    assert codes(described(text.replace('<versionNumber value="1"/>', '<versionNumber value="7"/>').encode())) == [
        "XML-H18"
    ]
    assert {"XML-H11", "FMT-003"} <= set(codes(described(text.replace(person(0).pesel, "12AB").encode())))


def test_a_document_that_says_nothing_is_kept_with_findings() -> None:
    description = described(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>')
    assert (description.kind, description.document, description.patient) == (Kind.CDA, None, None)
    assert {"XML-009", "XML-010", "XML-H01", "XML-H16"} <= set(codes(description))


def test_null_flavours_are_silence() -> None:
    text = clinical_document(0).decode()
    text = text.replace(f'<birthTime value="{person(0).birth_date}"/>', '<birthTime nullFlavor="UNK"/>')
    text = text.replace(f'<id extension="L-0" root="{NODE}.17.1"/>', '<id nullFlavor="NI"/>')
    description = described(text.encode())
    assert description.patient is not None
    assert (description.patient.birth_date, len(description.patient.identifiers)) == ("", 1)
    assert description.findings == ()


def test_imaging_studies_are_found_in_external_documents_and_national_identifiers_are_not_studies() -> None:
    reference = "<reference><externalDocument><id root='{}'/></externalDocument></reference>"
    for root, expected in ((STUDY, (STUDY,)), (f"{NODE}.7", ()), ("1.2", ()), ("not.a.uid.at.all", ())):
        description = described(clinical_document(body=reference.format(root)))
        assert description.document is not None
        assert description.document.study_uids == expected


def test_a_nested_signature_does_not_sign_the_document() -> None:
    inside = '<x><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></x>'
    data = clinical_document(body=inside)
    for description in (described(data), described_from(data, head=500)):
        assert description.document is not None
        assert not description.document.signed


def test_names_keep_to_the_form_of_dicom() -> None:
    text = clinical_document(0).decode()
    start, end = text.index("<patient><name>") + 15, text.index("</name>")
    for name, expected in (
        (
            "<family>Nowak</family><family>Kowal</family><given>A</given><given>B</given><given>C</given>",
            "Nowak Kowal^A^B C",
        ),
        ("<given>Jan</given>", "^Jan"),
        ("Jan Kowal", "Jan Kowal"),
        ("<family>A^B=C\\D</family>", "A B C D"),
        ("", ""),
    ):
        patient = described((text[:start] + name + text[end:]).encode()).patient
        assert patient is not None
        assert patient.name == expected


@pytest.fixture(scope="module")
def examples() -> list[bytes]:
    return [path.read_bytes() for path in sorted(official_examples().glob("*.xml"))]


def test_every_official_example_is_understood_and_keeps_the_rules(examples: list[bytes]) -> None:
    assert len(examples) == 31
    for data in examples:
        description = described(data)
        assert description.kind is Kind.CDA
        assert set(codes(description)) <= {"FMT-004", "FMT-005"}  # made-up identifiers, on purpose
        document = description.document
        assert document is not None
        assert all(dataclasses.astuple(document)[:3])
        assert document.template.endswith("^1.3.1")
        assert document.class_code.count(".") == 1
        assert description.patient is not None
        assert description.patient.name
        assert description.patient.identifiers


def test_official_examples_read_the_same_as_a_stream(examples: list[bytes]) -> None:
    assert len(examples) == 31
    for data in examples:
        assert described_from(data, head=2000) == described(data)


def test_the_official_cancelling_document_names_what_it_cancels(examples: list[bytes]) -> None:
    cancelling = [described(data).document for data in examples if b'code="51851-4"' in data]
    assert [
        document.replaces is not None and document.class_code == "08.80" for document in cancelling if document
    ] == [True]
    assert any(KLAS_DOK_P1.encode() in data for data in examples)
