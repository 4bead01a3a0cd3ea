"""Matches as DICOM JSON: values by their kind, and text that is none."""

import json
from typing import Any

import pytest

from api.dicomweb.qido_told import REQUIRED, element, level_of_path, shaped
from repository.catalogue.query import Hit, Level


@pytest.mark.parametrize(
    ("vr", "text", "value"),
    [
        ("PN", "Łoś^Jan", [{"Alphabetic": "Łoś^Jan"}]),
        ("PN", "A^B\\C^D", [{"Alphabetic": "A^B"}, {"Alphabetic": "C^D"}]),
        ("IS", "007", [7]),
        ("IS", "seven", ["seven"]),
        ("US", "512", [512]),
        ("DS", "1.80", [1.8]),
        ("CS", "ORIGINAL\\\\AXIAL", ["ORIGINAL", None, "AXIAL"]),
        ("LT", "one\\value", ["one\\value"]),
        ("DA", "2020.01.02", ["2020.01.02"]),
    ],
)
def test_a_value_is_told_by_its_kind(vr: str, text: str, value: list[Any]) -> None:
    assert element(vr, text) == {"vr": vr, "Value": value}


def test_what_is_required_and_not_known_is_empty() -> None:
    shape = shaped(Level.STUDY, (), told=(Level.STUDY,), everything=False)
    (told,) = json.loads(shape.bodies([Hit(Level.STUDY, 1, 1, 0, {"StudyInstanceUID": "1.2"})], "http://a/"))
    assert {f"{path[0]:08X}" for path in REQUIRED[Level.STUDY]} <= set(told)
    assert told["00100010"] == {"vr": "PN"}
    assert told["00201206"]["Value"] == [0]


def test_items_of_a_sequence_are_put_together() -> None:
    shape = shaped(Level.SERIES, (), told=(Level.SERIES,), everything=False)
    values = {"StudyInstanceUID": "1", "SeriesInstanceUID": "2", "RequestAttributesSequence.RequestedProcedureID": "RP",
        "RequestAttributesSequence.ScheduledProcedureStepID": "SPS"}  # fmt: skip
    (told,) = json.loads(shape.bodies([Hit(Level.SERIES, 1, 1, 0, values)], ""))
    assert told["00400275"]["Value"] == [
        {"00400009": {"vr": "SH", "Value": ["SPS"]}, "00401001": {"vr": "SH", "Value": ["RP"]}}
    ]


def test_text_that_is_none_is_shown_as_far_as_it_can_be() -> None:
    shape = shaped(Level.STUDY, (), told=(Level.STUDY,), everything=False)
    values = {"StudyInstanceUID": "1.2/3\udc80", "PatientName": "A\udc80ł"}
    (told,) = json.loads(shape.bodies([Hit(Level.STUDY, 1, 1, 0, values)], "http://a/"))
    assert told["00100010"]["Value"] == [{"Alphabetic": "A?ł"}]
    assert told["00081190"]["Value"] == ["http://a/studies/1.2%2F3%3F"]


def test_nothing_of_a_lower_level_is_told() -> None:
    assert level_of_path((0x00200013,)) is Level.INSTANCE
    shape = shaped(Level.STUDY, [(0x00200013,), (0x00100030,)], told=(Level.STUDY,), everything=True)
    assert set(shape.fields) == {Level.STUDY}
