"""Identifiers of queries, read and written, held to pydicom."""

import warnings
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from repository.formats.dicom.elements import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from repository.formats.dicom.identifiers import IdentifierUnreadable, read_identifier
from repository.formats.dicom.identifiers_writing import Element, known_charset, write_identifier

SYNTAXES = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
CODECS = {"ISO_IR 100": "latin-1", "ISO_IR 101": "iso8859-2", "ISO_IR 192": "utf-8"}
TEXTS = ("PatientName", "PatientID", "StudyDescription", "AccessionNumber", "PatientComments", "ReferringPhysicianName")
CODES = ("StudyDate", "StudyTime", "Modality", "StudyInstanceUID", "QueryRetrieveLevel", "InstanceNumber")
LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\\=^")
ANY = st.lists(st.text(LETTERS, min_size=1, max_size=7), max_size=2).map(" ".join)
WORDS = st.lists(
    st.sampled_from(("Łoś", "Gęś", "Żółć*", "M?ller", "Müller", "Große", "Nowak", "1", "x^y")), max_size=2
).map(" ".join)  # as people are called: what is in another set than it declares is told by the letters of names
UIDS = st.lists(st.integers(0, 9), min_size=1, max_size=6).map(lambda parts: ".".join(map(str, ["1", *parts])))


@st.composite
def asked(draw: st.DrawFn) -> tuple[Dataset, str]:
    """An identifier as pydicom has it, in text that its character set can write."""
    charset = draw(st.sampled_from(sorted(CODECS)))
    made = Dataset()
    made.SpecificCharacterSet = charset
    for keyword in draw(st.sets(st.sampled_from(TEXTS))):
        text = draw(WORDS)
        setattr(made, keyword, text.encode(CODECS[charset], "ignore").decode(CODECS[charset]).strip())
    made.StudyInstanceUID = draw(st.lists(UIDS, max_size=3))
    made.StudyDate = draw(st.sampled_from(["", "20240506", "20240101-20241231", "-20240101"]))
    made.Rows = draw(st.one_of(st.none(), st.integers(0, 0xFFFF)))
    if draw(st.booleans()):
        item = Dataset()
        item.RequestedProcedureID, item.ScheduledProcedureStepID = draw(st.sampled_from(["", "R1"])), ""
        made.RequestAttributesSequence = Sequence([item] if draw(st.booleans()) else [])
    return made, charset


def encoded(found: Dataset, syntax: str, *, undefined: bool = False) -> bytes:
    if undefined:
        for element in found:
            if element.VR == "SQ":
                element.is_undefined_length = True
                for item in element.value:
                    item.is_undefined_length_sequence_item = True
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax == IMPLICIT_LITTLE, True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_dataset(buffer, found)
    return buffer.getvalue()


def decoded(content: bytes, syntax: str) -> Dataset:
    return read_dataset(BytesIO(content), is_implicit_VR=syntax == IMPLICIT_LITTLE, is_little_endian=True)


def text_of(value: Any) -> str:
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, list | tuple) or hasattr(value, "append") else str(value)


@given(asked(), st.sampled_from(SYNTAXES), st.booleans())
@settings(max_examples=100, deadline=None)
def test_what_pydicom_writes_is_read_as_it_was_meant(made: tuple[Dataset, str], syntax: str, undefined: bool) -> None:
    found, charset = made
    read = read_identifier(encoded(found, syntax, undefined=undefined), syntax=syntax)
    assert read.charset == charset
    for element in found:
        if element.VR != "SQ" and element.keyword != "SpecificCharacterSet":
            assert read.keys[element.keyword] == text_of(element.value)
            assert read.attributes[element.tag,] == element.VR
    if found.get("RequestAttributesSequence"):
        item = found.RequestAttributesSequence[0]
        assert read.keys["RequestAttributesSequence.RequestedProcedureID"] == item.RequestedProcedureID
        assert (0x00400275, 0x00400009) in read.attributes
    elif "RequestAttributesSequence" in found:
        assert read.keys["RequestAttributesSequence"] == ""


@given(st.binary(max_size=200), st.sampled_from(SYNTAXES))
@example(b"\x08\0\x52\0SQ\0\0\xff\xff\xff\xff" * 200, EXPLICIT_LITTLE)
@example(b"\x08\0\x52\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 200, IMPLICIT_LITTLE)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_identifier_or_are_said_to_be_none(content: bytes, syntax: str) -> None:
    try:
        read = read_identifier(content, syntax=syntax)
    except IdentifierUnreadable:
        return
    assert all(isinstance(text, str) for text in read.keys.values())


@given(asked(), st.sampled_from(SYNTAXES), st.data())
@settings(max_examples=60, deadline=None)
def test_what_ends_early_is_no_identifier_or_lacks_whole_elements(
    made: tuple[Dataset, str], syntax: str, data: st.DataObject
) -> None:
    content = encoded(made[0], syntax)
    whole = read_identifier(content, syntax=syntax)
    try:
        part = read_identifier(content[: data.draw(st.integers(0, len(content)))], syntax=syntax)
    except IdentifierUnreadable:
        return
    assert set(part.attributes) <= set(whole.attributes)


def test_a_condition_that_is_said_twice_is_refused() -> None:
    once = Dataset()
    once.PatientID = "1"
    with pytest.raises(IdentifierUnreadable):
        read_identifier(encoded(once, EXPLICIT_LITTLE) * 2, syntax=EXPLICIT_LITTLE)
    several = Dataset()
    several.RequestAttributesSequence = Sequence([Dataset(), Dataset()])
    with pytest.raises(IdentifierUnreadable):
        read_identifier(encoded(several, EXPLICIT_LITTLE), syntax=EXPLICIT_LITTLE)


@pytest.mark.parametrize("declared", ["", "ISO_IR 100", "ISO_IR 101"])
def test_polish_names_in_windows_1250_are_read_whatever_they_declare(declared: str) -> None:
    name = "Świątek^Gąska".encode("cp1250")
    element = b"\x10\0\x10\0PN" + bytes((len(name) + len(name) % 2, 0)) + name + b" " * (len(name) % 2)
    head = Dataset()
    head.SpecificCharacterSet = declared
    read = read_identifier(encoded(head, EXPLICIT_LITTLE) + element, syntax=EXPLICIT_LITTLE)
    assert read.keys["PatientName"] == "Świątek^Gąska"


@st.composite
def told(draw: st.DrawFn, words: st.SearchStrategy[str]) -> list[Element]:
    made: list[Element] = []
    for keyword in draw(st.sets(st.sampled_from([*TEXTS, *CODES, "Rows", "RequestAttributesSequence"]))):
        tag = int(tag_for_keyword(keyword) or 0)
        vr = dictionary_VR(tag)
        if vr == "SQ":
            made.append(
                (tag, vr, [[(0x00400009, "SH", draw(words)), (0x00401001, "SH", "R")]][: draw(st.integers(0, 1))])
            )
        elif vr == "US":
            made.append((tag, vr, draw(st.sampled_from(["", "0", "512", "65535", "1\\2"]))))
        elif vr in ("UI", "IS", "DA", "TM"):
            made.append((tag, vr, draw(st.sampled_from({"UI": ["", "1.2.3", "1.2\\1.2.44"], "IS": ["", "7"],
                "DA": ["", "20240506"], "TM": ["", "101112.5"]}[vr]))))  # fmt: skip
        else:
            made.append((tag, vr, draw(words) if vr != "CS" else draw(st.sampled_from(["", "CT", "STUDY"]))))
    return sorted(made, key=lambda each: each[0])


@given(told(ANY), st.sampled_from(SYNTAXES), st.sampled_from([*CODECS, "", "ISO 2022 IR 101", "ISO_IR 144"]))
@settings(max_examples=100, deadline=None)
def test_pydicom_reads_what_is_written(elements: list[Element], syntax: str, charset: str) -> None:
    content = write_identifier(elements, syntax=syntax, charset=charset)
    found = decoded(content, syntax)
    assert len(content) % 2 == 0
    for tag, vr, value in elements:
        if isinstance(value, str):
            assert vr == found[tag].VR
            assert text_of(found[tag].value) == value
        else:
            items = [
                [text_of(each[tag].value) for tag, _, _ in item]
                for each, item in zip(found[tag].value, value, strict=True)
            ]
            assert items == [[text for _, _, text in item] for item in value]
    written = "".join(map(str, flat(elements)))
    if found.get("SpecificCharacterSet", "") != known_charset(charset):
        assert found.SpecificCharacterSet == "ISO_IR 192"
        with pytest.raises(UnicodeEncodeError):
            written.encode(CODECS.get(known_charset(charset), "ascii"))


def flat(elements: list[Element]) -> list[Any]:
    return [
        each
        for _, _, value in elements
        for each in ([value] if isinstance(value, str) else [text for item in value for _, _, text in item])
    ]


@given(told(WORDS), st.sampled_from(SYNTAXES), st.sampled_from(sorted(CODECS)))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_again(elements: list[Element], syntax: str, charset: str) -> None:
    read = read_identifier(write_identifier(elements, syntax=syntax, charset=charset), syntax=syntax)
    for tag, vr, value in elements:
        assert read.attributes[tag,] == vr
        if isinstance(value, str):
            assert value in read.keys.values()


def test_what_is_no_value_of_its_kind_is_written_as_empty() -> None:
    elements: list[Element] = [(0x00280010, "US", "many"), (0x00280011, "US", "65536"), (0x00280106, "OW", "1")]
    found = decoded(write_identifier(elements, syntax=EXPLICIT_LITTLE), EXPLICIT_LITTLE)
    assert [found[tag].value or None for tag, _, _ in elements] == [None, None, None]


def test_text_too_long_for_its_representation_is_told_as_unknown() -> None:
    """PS3.5 6.2.2: UN has room for it."""
    uids = "\\".join(f"1.2.3.{number}" for number in range(10_000))
    found = decoded(write_identifier([(0x00080062, "UI", uids)], syntax=EXPLICIT_LITTLE), EXPLICIT_LITTLE)
    assert bytes(found.get_item(0x00080062).value).decode().strip("\0") == uids


def test_the_character_set_is_told_empty_only_where_that_was_asked() -> None:
    elements: list[Element] = [(0x00100020, "LO", "1")]
    assert "SpecificCharacterSet" not in decoded(write_identifier(elements, syntax=EXPLICIT_LITTLE), EXPLICIT_LITTLE)
    told_of = decoded(write_identifier(elements, syntax=EXPLICIT_LITTLE, tell_charset=True), EXPLICIT_LITTLE)
    assert not told_of.SpecificCharacterSet
