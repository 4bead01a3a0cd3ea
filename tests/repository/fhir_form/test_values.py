"""Dirty values become valid FHIR or nothing; what is written as XML is what was said."""

from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.describing import Identifier, PatientFacts
from repository.fhir_form import ids, values
from repository.fhir_form.people import patient
from repository.fhir_xml import as_xml

TEXT = st.text(max_size=20)
IDENTIFIERS = st.builds(Identifier, st.sampled_from(["", "1.2.616", "not an oid", "2.16.840.1"]) | TEXT, TEXT)
DATES = st.sampled_from(["19700101", "19701301", "", "1970", "197001011200"]) | TEXT
FACTS = st.builds(PatientFacts, st.lists(IDENTIFIERS, max_size=3).map(tuple), TEXT, DATES, st.sampled_from("MFOU ?"))
MODEL = get_fhir_model_class("Patient")


@settings(max_examples=60, deadline=None)
@given(FACTS)
def test_any_patient_is_valid_and_the_same_in_xml(facts: PatientFacts) -> None:
    made = patient(facts, id="a.1")
    assert MODEL.model_validate_xml(as_xml(made)) == MODEL.model_validate(made)


@settings(max_examples=100, deadline=None)
@given(DATES | st.from_regex(r"\A[0-9]{4,14}([+-][0-9]{4})?\Z"))
def test_any_time_is_a_fhir_time_or_nothing(text: str) -> None:
    said = values.moment(text)
    if said:
        resource = {"resourceType": "List", "status": "current", "mode": "working", "date": said}
        assert "date" in get_fhir_model_class("List").model_validate(resource).model_dump()


def test_a_time_without_a_zone_is_told_as_its_day() -> None:
    assert values.moment("20200504") == "2020-05-04"
    assert values.moment("202005041230") == "2020-05-04"
    assert values.moment("202005041230+0200") == "2020-05-04T12:30:00+02:00"
    assert values.moment("20201304") == ""


def test_the_address_of_an_extension_is_an_attribute() -> None:
    made = {"resourceType": "Basic", "extension": [{"url": "urn:a", "valueBoolean": True}]}
    assert b'<extension url="urn:a"><valueBoolean value="true" /></extension>' in as_xml(made)


@given(st.uuids().map(str), st.integers(1, 10**18 - 1), st.text(max_size=70))
def test_ids_are_read_as_written(takeover: str, number: int, uid: str) -> None:
    assert ids.read_numbered(ids.numbered(takeover, number)) == ids.Numbered(takeover, number)
    made = ids.study(takeover, number, uid=uid)
    assert ids.read_study(made) == ids.Numbered(takeover, number, ids.study_hash(uid))
    assert len(made) <= 64
