"""Facts survive the way into a description and back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from repository.domain.describing import (
    Description,
    DicomFacts,
    DocumentFacts,
    EventFacts,
    Identifier,
    Kind,
    PatientFacts,
)
from repository.domain.facts import description_of_json, description_to_json
from repository.findings import Finding

words = st.text(max_size=8)
identifiers = st.builds(Identifier, words, words)
patients = st.builds(PatientFacts, st.lists(identifiers, max_size=3).map(tuple), words, words, words)
images = st.builds(
    DicomFacts, words, words, words, words, words, st.dictionaries(st.sampled_from(["PatientName", "Modality"]), words)
)
events = st.builds(EventFacts, st.sampled_from(["encounter", "service", "order"]), identifiers, words, words)
documents = st.builds(
    DocumentFacts,
    identifiers,
    set_id=st.none() | identifiers,
    version=st.none() | st.integers(0, 99),
    title=words,
    author_id=st.none() | identifiers,
    replaces=st.none() | identifiers,
    signed=st.booleans(),
    events=st.lists(events, max_size=2).map(tuple),
    study_uids=st.lists(words, max_size=2).map(tuple),
)
findings = st.builds(Finding, words, words, st.dictionaries(st.sampled_from(["tag", "row"]), st.integers() | words))
descriptions = st.builds(
    Description,
    st.sampled_from(Kind),
    words,
    st.none() | patients,
    st.none() | images,
    st.none() | documents,
    st.lists(findings, max_size=2).map(tuple),
)


@given(descriptions)
def test_a_description_comes_back_equal(description: Description) -> None:
    assert description_of_json(json.loads(json.dumps(description_to_json(description)))) == description


def test_empty_facts_leave_no_trace() -> None:
    assert description_to_json(Description(Kind.OPAQUE, "application/octet-stream")) == {
        "kind": "opaque",
        "media_type": "application/octet-stream",
    }
