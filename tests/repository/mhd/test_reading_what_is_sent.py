"""What is sent is read as it is told: values, XML, bundles of any shape; of bad ones comes nothing but a refusal."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.describing import Description, DocumentFacts, Identifier, Kind
from repository.fhir_form import values
from repository.fhir_xml import XmlUnreadable, as_xml, from_xml
from repository.mhd import heard
from repository.mhd.elements import MOST_FAULTS, Element
from repository.mhd.errors import BundleRefused, BundleWrong, Fault
from repository.mhd.reconciling import reconciled
from repository.mhd.submission import submission_of
from tests.builders.bundles import bundle, cda, parts_of, pdf

NAMES = st.from_regex(r"\A[a-z][A-Za-z]{0,8}\Z").filter(lambda name: name not in ("id", "url", "resourceType", "value"))
LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
LEAVES = LETTERS | st.integers(0, 10**6).map(str)
OBJECTS = st.recursive(
    st.dictionaries(NAMES, LEAVES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        NAMES, inner | LEAVES | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=3
    ),
    max_leaves=8,
)
OIDS = st.lists(st.integers(0, 99), min_size=1, max_size=5).map(lambda parts: "1." + ".".join(map(str, parts)))
ROOTS = OIDS | st.sampled_from(["http://example.com/ids", "urn:uuid:5", ""])
PIECES = st.sampled_from(
    [
        '<b value="x"/>', '<b value="x">', "<b>", "</b>", '<c id="i">', "</c>", '<b value=""/>', '<extension url="u">',
        "</extension>", " ", "x", "<!-- n -->", "<?p q?>", "<B>", "</B>", "<contained>", "</contained>", "&amp;",
        '<div xmlns="http://www.w3.org/1999/xhtml">t<p/></div>', '<b other="1"/>', '<resourceType value="q"/>',
    ]
)  # fmt: skip
EXTENSIONS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 ./-]{0,8}[A-Za-z0-9]\Z")


@settings(max_examples=80, deadline=None)
@given(OBJECTS, st.none() | OBJECTS)
def test_xml_is_read_back_as_it_was_written(value: dict[str, Any], inner: dict[str, Any] | None) -> None:
    made = {"resourceType": "Basic"} | value | ({"contained": {"resourceType": "List"} | inner} if inner else {})
    assert from_xml(as_xml(made)) == made


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=7).map("".join) | st.text("<>/=\"' aBx:&;!", max_size=60))
def test_anything_is_xml_or_refused(content: str) -> None:
    """What is read says the same when it is written and read again: nothing of it was misplaced."""
    for each in (content, in_basic(content)):
        with suppress(XmlUnreadable):
            made = from_xml(each.encode())
            assert from_xml(as_xml(made)) == made
            assert each == content or made["resourceType"] == "Basic"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<a>", "not well-formed"),
        ("words", "text between"),
        ('<a xmlns="urn:x"/>', "outside of"),
        ('<resourceType value="Bundle"/>', "element that FHIR has not"),
        ('<a><resourceType value="Bundle"/></a>', "element that FHIR has not"),
        ('<a resourceType="Bundle"/>', "attribute that FHIR has not"),
        ('<a xmlns:o="urn:x" o:value="1"/>', "attribute that FHIR has not"),
        ("<List/>", "something else in one element"),
        ("<contained><List/><Basic/></contained>", "something else in one element"),
        ('<contained><List/><a value="1"/></contained>', "something else in one element"),
        ('<contained><a value="1"/><List/></contained>', "something else in one element"),
        ("<a>" * 64 + "</a>" * 64, "deeper than 64"),
    ],
)
def test_what_says_two_things_at_one_place_is_refused(content: str, why: str) -> None:
    with pytest.raises(XmlUnreadable, match=why):
        from_xml(in_basic(content).encode())


def test_a_document_type_is_refused() -> None:
    with pytest.raises(XmlUnreadable, match="document type"):
        from_xml(b"<!DOCTYPE Basic>" + in_basic("").encode())


@settings(max_examples=100, deadline=None)
@given(ROOTS, EXTENSIONS)
def test_an_identifier_is_heard_as_it_is_told(root: str, extension: str) -> None:
    known = Identifier(root, extension)
    assert heard.identifier(Element(values.identifier(known), "x", [])) == known


@given(OIDS)
def test_an_issuer_alone_is_heard_as_it_is_told(root: str) -> None:
    assert heard.identifier(Element(values.identifier(Identifier(root, "")), "x", [])) == Identifier(root, "")


def test_an_identifier_of_xds_is_heard_as_issuer_and_extension() -> None:
    said = {"system": values.URI_SYSTEM, "value": "urn:oid:1.2.3^a.7"}
    assert heard.identifier(Element(said, "x", [])) == Identifier("1.2.3", "a.7")


@settings(max_examples=80, deadline=None)
@given(st.datetimes(), st.sampled_from([4, 7, 10, 25]))
def test_a_moment_is_heard_as_it_is_told(at: Any, length: int) -> None:
    text = f"{at.replace(microsecond=0).isoformat()}+02:00".zfill(25)[:length]
    faults: list[Any] = []
    assert values.moment(heard.moment(Element({"at": text}, "x", faults), "at")) == text or at.year < 2
    assert faults == []


def in_basic(content: str) -> str:
    return f'<Basic xmlns="http://hl7.org/fhir">{content}</Basic>'


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, each in items for found in _paths(each, (*path, name)))]


WHOLE = bundle(pdf(1), cda(0))
PATHS = _paths(WHOLE)[1:]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], {}, "", 7, True, 1.5, "x", [None], {"reference": []}, [[]], "\ud800", "9" * 5000]
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), ODD)
def test_a_bundle_with_anything_anywhere_is_read_or_refused_with_its_places(path: tuple[Any, ...], odd: Any) -> None:
    made: Any = copy.deepcopy(WHOLE)
    inner: Any = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = odd
    faults: tuple[Fault, ...] = ()
    try:
        assert len(submission_of(made).documents) == 2
    except BundleWrong as error:
        faults = error.faults
    assert len(faults) <= MOST_FAULTS
    assert all(each.place.startswith("Bundle") for each in faults)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"resourceType": "Bundle", "type": "transaction"}])
def test_what_is_no_bundle_is_refused(value: Any) -> None:
    with pytest.raises(BundleRefused):
        submission_of(value)


def test_the_documents_own_words_count_and_what_it_does_not_say_is_taken_from_its_description() -> None:
    made = bundle(cda(0))
    (said,) = submission_of(made).documents
    own = DocumentFacts(said.facts.identifier, title="Own", effective_time="20200101")
    found, faults = reconciled(Description(Kind.CDA, "text/xml", document=own), said)
    assert faults == []
    assert found.document is not None
    assert (found.document.title, found.document.effective_time) == ("Own", "20200101")
    assert (found.document.code, found.document.class_code) == ("18842-5", "01.10")
    assert found.patient == said.patient


def test_a_description_says_all_that_is_kept_of_it() -> None:
    (said,) = submission_of(bundle(pdf(1))).documents
    assert said.unkept == ()
    made = bundle(pdf(1))
    (reference,) = parts_of(made, "DocumentReference")
    reference["authenticator"] = {"display": "x"}
    reference["type"] = {"coding": [{"system": "urn:local", "code": "7"}]}
    (said,) = submission_of(made).documents
    place = "Bundle.entry[1].resource"
    assert said.unkept == (f"{place}.authenticator", f"{place}.type")
