"""Patients as images tell of them (`Query.imaged`), on both engines: who has none is left out, what is hidden counts
for nothing."""

import pytest

from repository.access.extent import Part
from repository.access.reach import Reach
from repository.access.subject import Scope
from repository.catalogue.catalogue import Catalogue
from repository.catalogue.query import Hit, Level, Query
from repository.dicom_query import read_keys
from tests.builders.holdings import image, opened, packed, paper, person


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    """Anna has two studies, of two series and of one; Jan has a document alone."""
    opened(catalogue)
    anna = person(1, name="Łącka^Anna", birth_date="19500228", sex="F")
    late = {"PatientID": "later", "StudyDate": "20220101"}
    catalogue.record(
        1,
        [
            packed("bb", paper(2, facts=anna), facts=anna),
            packed(
                "aa",
                image(3, facts=anna, study="1.2.3", series="1.2.3.1", sop="9.1"),
                image(4, facts=anna, study="1.2.3", series="1.2.3.1", sop="9.2"),
                image(5, facts=anna, study="1.2.3", series="1.2.3.2", sop="9.3", attributes={"Modality": "MR"}),
                image(6, facts=anna, study="1.2.4", series="1.2.4.1", sop="9.4", attributes=late),
            ),
            packed("cc", paper(7, patient=2, facts=person(2, name="Kowalski^Jan"))),
        ],
    )
    return catalogue


def found(catalogue: Catalogue, query: Query, within: Reach | None = None) -> list[Hit]:
    return list(catalogue.search(query, within).hits)


def test_of_a_patient_is_told_what_the_first_image_says_and_how_much_there_is(filled: Catalogue) -> None:
    (anna,) = found(filled, Query(level=Level.PATIENT, imaged=True))
    assert anna.values["PatientID"] == person(1).identifiers[0].extension
    assert anna.values["PatientName"] == "Łącka^Anna"
    assert {name: anna.counts[name] for name in ("studies", "series", "instances")} == {
        "studies": 2, "series": 3, "instances": 4,
    }  # fmt: skip


def test_who_has_no_images_is_found_by_other_questions_alone(filled: Catalogue) -> None:
    assert len(found(filled, Query(level=Level.PATIENT))) == 2
    assert found(filled, Query(level=Level.PATIENT, imaged=True, patient_name="kowalski*")) == []


def test_what_may_not_be_seen_is_not_told_and_not_counted(filled: Catalogue) -> None:
    mine = Part(patients=frozenset(person(1).identifiers[:1]), scopes=(Scope(studies=("1.2.4",)),))
    within = Reach(parts=(mine,), hides_protected=False)
    (anna,) = found(filled, Query(level=Level.PATIENT, imaged=True), within)
    assert anna.values["PatientID"] == "later"
    assert {name: anna.counts[name] for name in ("studies", "series", "instances")} == {
        "studies": 1, "series": 1, "instances": 1,
    }  # fmt: skip
    (study,) = found(filled, Query(level=Level.STUDY, above=(Level.PATIENT,), imaged=True), within)
    assert study.above[0].counts["instances"] == 1


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES, Level.INSTANCE])
def test_the_patient_is_told_above_studies_series_and_images(filled: Catalogue, level: Level) -> None:
    hits = found(filled, Query(level=level, study_uids=("1.2.3",), above=(Level.PATIENT,), imaged=True))
    assert {hit.above[0].counts["series"] for hit in hits} == {3}


def test_everything_that_is_catalogued_of_a_patient_is_told_where_it_is_asked(filled: Catalogue) -> None:
    (anna,) = found(filled, Query(level=Level.PATIENT, imaged=True, all_values=True))
    (plain,) = found(filled, Query(level=Level.PATIENT, imaged=True))
    more = {"StudyDate": "20200102", "StudyDescription": "TK głowy", "Modality": "CT", "AccessionNumber": "A1"}
    assert anna.values.items() >= plain.values.items() | more.items()
    assert not more.keys() & plain.values.keys()


@pytest.mark.parametrize(
    ("keys", "matches", "unmatched"),
    [
        ({"PatientSex": "F"}, 1, ()),
        ({"PatientSex": "M"}, 0, ()),
        ({"PatientName": "lacka*", "PatientBirthDate": "1950-"}, 0, ()),
        ({"PatientName": "lacka*", "PatientBirthDate": "19500101-"}, 1, ()),
        ({"StudyInstanceUID": "1.2.4"}, 1, ()),
        ({"StudyDate": "19000101"}, 1, ("StudyDate",)),
        ({"SeriesNumber": "9"}, 1, ("SeriesNumber",)),
    ],
)
def test_keys_of_patients_match_and_those_below_do_not(
    filled: Catalogue, keys: dict[str, str], matches: int, unmatched: tuple[str, ...]
) -> None:
    read = read_keys(Level.PATIENT, keys)
    assert read.unmatched == unmatched
    assert len([hit for hit in found(filled, read.query) if hit.counts.get("studies")]) == matches
