"""The DICOM JSON model of what was scanned, held to pydicom's; and what pydicom does not do as PS3.18 F.2 wants it."""

import io
import math
import re
import warnings
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from repository.domain.describing import DicomFacts
from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.json_model import json_of, json_of_facts
from repository.formats.dicom.scanning import Scanned, scan
from tests.builders import dicom

ADDED = "00083002"  # the stored transfer syntax
WORDS = st.text("ąćęłńóśźżABCxyz019 _-", min_size=1, max_size=12).map(str.strip).filter(bool)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "AE": st.from_regex(r"[A-Z0-9]{1,16}", fullmatch=True),
    "AS": st.from_regex(r"[0-9]{3}[DWMY]", fullmatch=True),
    "AT": st.integers(0, 0xFFFFFFFF),
    "CS": st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True),
    "DA": st.dates().map(lambda day: f"{day.year:04d}{day.month:02d}{day.day:02d}"),
    "DS": st.decimals(-(10**6), 10**6, places=3).map(str),
    "DT": st.just("20240506101112.123456+0100"),
    "FD": st.floats(allow_nan=False, allow_infinity=False),
    "FL": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "IS": st.integers(-(2**31), 2**31 - 1),
    "LO": WORDS, "LT": WORDS, "SH": WORDS, "ST": WORDS, "UC": WORDS, "UT": WORDS, "PN": WORDS,
    "OB": st.binary(min_size=2, max_size=20).filter(lambda raw: len(raw) % 2 == 0),
    "OD": st.binary(min_size=8, max_size=8), "OF": st.binary(min_size=4, max_size=4),
    "OL": st.binary(min_size=4, max_size=4), "OV": st.binary(min_size=8, max_size=8),
    "OW": st.binary(min_size=2, max_size=2), "UN": st.binary(min_size=2, max_size=2),
    "SL": st.integers(-(2**31), 2**31 - 1), "SS": st.integers(-(2**15), 2**15 - 1),
    "SV": st.integers(-(2**63), 2**63 - 1), "TM": st.just("101112.5"), "UI": st.just("1.2.840.10008.1.1"),
    "UL": st.integers(0, 2**32 - 1), "UR": st.just("https://a.example/b"), "US": st.integers(0, 2**16 - 1),
    "UV": st.integers(0, 2**64 - 1),
}  # fmt: skip
MANY = ["AE", "CS", "DA", "DS", "FD", "FL", "IS", "LO", "PN", "SH", "SL", "SS", "SV", "UI", "UL", "US", "UV", "UC"]


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 0) -> Dataset:
    """Private elements of every value representation, single and several, empty ones, and sequences."""
    found = Dataset()
    found.add_new(0x00091000 - 0xFF0, "LO", "EDM TEST")
    for number, (vr, values) in enumerate(VALUES.items()):
        kind = draw(st.sampled_from(["none", "empty", "one", "many"]))
        tag = 0x00091000 + number
        if kind == "one" or (kind == "many" and vr not in MANY):
            found.add_new(tag, vr, draw(values))
        elif kind == "many":
            found.add_new(tag, vr, draw(st.lists(values, min_size=2, max_size=3)))
        elif kind == "empty":
            found.add_new(tag, vr, None)
    if depth < 2:
        items = draw(st.lists(data_sets(depth=depth + 1), max_size=2))
        found.add_new(0x00400275, "SQ", Sequence(items))
    return found


def scanned(raw: bytes) -> Scanned:
    return scan(lambda offset, length: raw[offset : offset + length], len(raw))


def ours(raw: bytes) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(orjson.dumps(json_of(scanned(raw), bulk=lambda path: f"bulk/{path}")))
    assert list(made) == sorted(made)
    del made[ADDED]
    made.pop("7FE00010", None)
    return made


def oracle(raw: bytes) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = dcmread(io.BytesIO(raw), force=True)
        made: dict[str, Any] = orjson.loads(orjson.dumps(_plain(read.to_json_dict())))
    made.pop("7FE00010", None)
    return made


def _plain(value: Any) -> Any:
    """pydicom's own numbers and strings as plain ones; an empty sequence without a value (F.2.5)."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if not (k == "Value" and v == [] and value["vr"] == "SQ")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value)
    return int(value) if isinstance(value, int) else value


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return math.isclose(one, other)
    return bool(one == other)


@settings(max_examples=60, deadline=None)
@given(data_sets(), st.sampled_from(dicom.SYNTAXES[1:]), st.booleans())
def test_ours_is_pydicoms(found: Dataset, syntax: str, undefined: bool) -> None:
    found.SpecificCharacterSet = "ISO_IR 192"
    found.PixelData = b"\0\1" * 4
    raw = dicom.part10(found, syntax=syntax, undefined_lengths=undefined)
    mine, theirs = ours(raw), oracle(raw)
    if syntax == dicom.SYNTAXES[2]:  # inline binary is little endian (F.2.7); pydicom leaves it as it is
        mine, theirs = _without_binary(mine), _without_binary(theirs)
    assert same(mine, theirs), (mine, theirs)


def _without_binary(model: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for tag, element in model.items():
        if "InlineBinary" in element:
            continue
        items = element["vr"] == "SQ" and "Value" in element
        found[tag] = {"vr": "SQ", "Value": [_without_binary(each) for each in element["Value"]]} if items else element
    return found


@pytest.mark.parametrize("syntax", dicom.SYNTAXES)
@pytest.mark.parametrize("charset", ["ISO_IR 192", "ISO_IR 101", "ISO_IR 100"])
def test_an_image_in_every_encoding(syntax: str, charset: str) -> None:
    found = dicom.data_set(3, charset="ISO_IR 192" if charset == "ISO_IR 100" else charset)
    found.RedPaletteColorLookupTableDescriptor = [256, 0, 16]
    raw = dicom.part10(found, syntax=syntax)
    mine, theirs = ours(raw), oracle(raw)
    assert mine.pop("00080005") == {"vr": "CS", "Value": ["ISO_IR 192"]}
    del theirs["00080005"]
    assert same(mine, theirs)


def test_polish_text_under_a_wrong_name_is_read_as_what_it_is() -> None:
    found = dicom.data_set(3, charset="ISO_IR 192")
    found.PatientName, found.StudyDescription = "Śląska^Źdźbło", "Świąd skóry"
    raw = dicom.part10(found).replace("Śląska^Źdźbło".encode(), "Śląska^Źdźbło".encode("cp1250").ljust(18))
    raw = raw.replace("Świąd skóry".encode(), "Świąd skóry".encode("cp1250").ljust(14)).replace(
        b"ISO_IR 192", b"ISO_IR 101"
    )
    made = ours(raw)
    assert made["00100010"]["Value"] == [{"Alphabetic": "Śląska^Źdźbło"}]
    assert made["00081030"]["Value"] == ["Świąd skóry"]


def test_the_three_groups_of_a_name_in_japanese() -> None:
    found = dicom.data_set(3, charset="ISO_IR 192")
    raw = bytearray(dicom.part10(found))
    name = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
    found.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    found.PatientName = "X"
    raw = bytearray(dicom.part10(found))
    at = raw.index(b"\x10\0\x10\0PN")
    padded = name + b" " * (len(name) % 2)
    raw[at + 6 : at + 10] = len(padded).to_bytes(2, "little") + padded
    made = ours(bytes(raw))
    assert made["00100010"]["Value"] == [
        {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    ]


def test_dirty_numbers_stay_what_they_are() -> None:
    found = dicom.data_set(1)
    found.SliceThickness, found.PatientWeight, found.NumberOfFrames = "123.25", "654.75", "777777"
    raw = dicom.part10(found).replace(b"123.25", b"ok. 3 ").replace(b"654.75", b"1e400 ").replace(b"777777", b"1.0   ")
    made = ours(raw)
    assert made["00180050"]["Value"] == ["ok. 3"]
    assert made["00101030"]["Value"] == ["1e400"]
    assert made["00280008"]["Value"] == ["1.0"]


def test_a_number_that_json_lacks_is_told_by_its_address() -> None:
    found = dicom.data_set(1)
    found.add_new(0x00091010, "FD", [1.5, math.nan])
    assert ours(dicom.part10(found))["00091010"] == {"vr": "FD", "BulkDataURI": "bulk/00091010"}


def test_an_empty_value_among_others_is_null() -> None:
    found = dicom.data_set(1)
    found.add_new(0x00080008, "CS", ["A", "", "B"])
    assert ours(dicom.part10(found))["00080008"]["Value"] == ["A", None, "B"]


def test_long_binary_values_are_told_by_address_also_in_items() -> None:
    found, item = dicom.data_set(1), Dataset()
    item.add_new(0x00091011, "OB", b"\1\2" * 5000)
    found.add_new(0x00400275, "SQ", Sequence([Dataset(), item]))
    made = ours(dicom.part10(found))
    assert made["00400275"]["Value"] == [{}, {"00091011": {"vr": "OB", "BulkDataURI": "bulk/00400275/1/00091011"}}]


def test_values_that_are_far_apart_are_scanned_without_reading_what_lies_between() -> None:
    found = dicom.data_set(1)
    found.add_new(0x00091011, "OB", bytes(3 << 20))
    found.PixelData = bytes(5 << 20)
    raw = dicom.part10(found)
    read = 0

    def part(offset: int, length: int) -> bytes:
        nonlocal read
        read += length
        return raw[offset : offset + length]

    made = scan(part, len(raw))
    assert made.pixels is not None
    assert raw[made.pixels.at : made.pixels.at + made.pixels.length] == found.PixelData
    assert read < 1 << 20


@settings(max_examples=150, deadline=None)
@given(st.integers(132, 2000), st.integers(0, 255), st.integers(0, 400))
def test_damage_is_an_error_of_its_own_or_read(place: int, value: int, cut: int) -> None:
    raw = bytearray(dicom.part10(dicom.data_set(2), undefined_lengths=bool(value % 2)))
    raw[place % len(raw)] = value
    raw = raw[: len(raw) - cut]
    try:
        told = orjson.dumps(json_of(scanned(bytes(raw)), bulk=str))
    except UnusualEncoding:
        return
    assert_of_the_model(orjson.loads(told))


def assert_of_the_model(told: dict[str, dict[str, Any]]) -> None:
    """PS3.18 F.2.2: attributes by tag, each with a VR and its values in one form, or none."""
    assert list(told) == sorted(told)
    for tag, said in told.items():
        assert re.fullmatch("[0-9A-F]{8}", tag)
        assert re.fullmatch("[A-Z]{2}", said["vr"])
        assert said.keys() - {"vr"} in (set(), {"Value"}, {"BulkDataURI"}, {"InlineBinary"})
        assert said.get("Value", [None]) != []
        if said["vr"] == "SQ":
            for item in said.get("Value", []):
                assert_of_the_model(item)


def test_what_cannot_be_scanned_is_told_from_the_catalogue() -> None:
    facts = DicomFacts("1.2", "1.3", "1.4", "1.5", "1.2.840.10008.1.2.1", {
        "PatientName": "Nowak^Jan", "InstanceNumber": "7", "Rows": "8", "ImageType": "ORIGINAL\\PRIMARY",
        "ProcedureCodeSequence.CodeValue": "TK1",
    })  # fmt: skip
    made = json_of_facts(facts)
    assert made["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Nowak^Jan"}]}
    assert made["00200013"] == {"vr": "IS", "Value": [7]}
    assert made["00080008"]["Value"] == ["ORIGINAL", "PRIMARY"]
    assert made["00081032"] == {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["TK1"]}}]}
    assert list(made) == sorted(made)
