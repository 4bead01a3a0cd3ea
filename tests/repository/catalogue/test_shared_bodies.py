"""What a series repeats is made once, and is never another's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from repository.catalogue.flattening import SharedBodies, shared_body
from repository.domain.describing import DicomFacts, PatientFacts
from tests.repository.catalogue.strategies import DICOM, PATIENTS

SAID = st.tuples(st.none() | PATIENTS, st.none() | DICOM)


@settings(max_examples=100)
@given(st.lists(SAID, min_size=1, max_size=3).flatmap(lambda some: st.lists(st.sampled_from(some), max_size=8)))
def test_remembering_the_last_one_changes_nothing(
    said: list[tuple[PatientFacts | None, DicomFacts | None]],
) -> None:
    remembering = SharedBodies()
    for patient, dicom in said:
        assert remembering.of(patient, dicom) == shared_body(patient, dicom)


def test_a_value_that_is_empty_is_not_one_that_is_missing() -> None:
    remembering = SharedBodies()
    named, unnamed = (DicomFacts("1.2", "1.3", "", "", "1.4", said) for said in ({"StudyID": ""}, {}))
    assert remembering.of(None, named) == shared_body(None, named)
    assert remembering.of(None, unnamed) is None
