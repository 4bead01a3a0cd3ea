"""Matching keys as DICOM doors ask them, held to a second, plain reading of the standard over the same data sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.query import Level, Query
from repository.dicom_query import read_keys
from repository.domain.holding import Holding
from tests.builders.holdings import opened, packed
from tests.repository.catalogue.matched import NAMES, NUMBERS, TIMES, UNIQUE, WORDS, data_sets, expected, holdings
from tests.repository.catalogue.test_search import SHARED

MADE = list(data_sets())
STUDY, SERIES, INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE


def recorded(catalogue: Catalogue, made: list[Holding]) -> Catalogue:
    opened(catalogue)
    packs = {each.patient: [other for other in made if other.patient == each.patient] for each in made}
    catalogue.record(1, [packed(f"{patient:02x}", *own) for patient, own in packs.items()])
    return catalogue


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    return recorded(catalogue, holdings(MADE))


def found(catalogue: Catalogue, level: Level, keys: dict[str, str]) -> set[str]:
    asked = read_keys(level, keys)
    assert (asked.unmatched, asked.wrong) == ((), ())
    return {hit.values[UNIQUE[level]] for hit in catalogue.search(asked.query).hits}


CASES = [
    (STUDY, {}, 6),
    (STUDY, {"StudyTime": "10"}, 4),
    (STUDY, {"StudyTime": "1011"}, 3),
    (STUDY, {"StudyTime": "10:11:12"}, 2),
    (STUDY, {"StudyTime": "101112.5"}, 1),
    (STUDY, {"StudyTime": "-1011"}, 4),
    (STUDY, {"StudyTime": "101112-"}, 3),
    (STUDY, {"StudyTime": "1012-2359"}, 1),
    (STUDY, {"StudyID": "S?"}, 6),
    (STUDY, {"StudyID": "s1"}, 0),
    (STUDY, {"StudyDescription": "50% [x]"}, 1),
    (STUDY, {"StudyDescription": "50%*"}, 1),
    (STUDY, {"StudyDescription": "*_*"}, 1),
    (STUDY, {"AccessionNumber": "A2*"}, 1),
    (STUDY, {"PatientComments": "*comments"}, 1),
    (STUDY, {"PatientName": "kowalsk*", "PatientSex": "F"}, 2),
    (STUDY, {"PatientSex": "?"}, 6),
    (STUDY, {"ReferringPhysicianName": "ZUK^*"}, 3),
    (STUDY, {"ModalitiesInStudy": "SR"}, 4),
    (STUDY, {"ModalitiesInStudy": "CT\\MR"}, 6),
    (STUDY, {"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.2"}, 3),
    (STUDY, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, 3),
    (STUDY, {"Modality": "SR"}, 4),
    (SERIES, {"ModalitiesInStudy": "SR"}, 8),
    (SERIES, {"SeriesNumber": "2"}, 2),
    (SERIES, {"SeriesNumber": "0"}, 2),
    (SERIES, {"SeriesNumber": "003"}, 2),
    (SERIES, {"SeriesNumber": "-5"}, 2),
    (SERIES, {"PerformedProcedureStepStartDate": "20200203-20200205"}, 3),
    (SERIES, {"PerformedProcedureStepStartTime": "1011"}, 6),
    (SERIES, {"RequestAttributesSequence.ScheduledProcedureStepID": "SPS1*"}, 3),
    (SERIES, {"RequestAttributesSequence.RequestedProcedureID": "RP1", "BodyPartExamined": "CHEST"}, 4),
    (SERIES, {"SeriesDescription": "a_b", "StudyDate": "20200101-20200102"}, 1),
    (SERIES, {"StudyInstanceUID": "1.2.3.1,1.2.3.2"}, 4),
    (INSTANCE, {"ImageType": "PRIMARY"}, 12),
    (INSTANCE, {"ImageType": "*_1"}, 12),
    (INSTANCE, {"InstanceNumber": "2", "Modality": "CT,MR"}, 4),
    (INSTANCE, {"AcquisitionTime": "1011-101112"}, 12),
    (INSTANCE, {"AcquisitionNumber": "1"}, 4),
    (INSTANCE, {"Rows": "9"}, 8),
    (INSTANCE, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "SeriesNumber": "1"}, 2),
]


def test_what_is_found_is_what_matches(filled: Catalogue) -> None:
    for level, keys, number in CASES:
        right = expected(MADE, level, keys)
        assert found(filled, level, keys) == right, (level, keys)
        assert len(right) == number, (level, keys)


TEXTS = {
    "PatientName": [*NAMES, "kowal*", "*a", "?owalski^jan"],
    "StudyTime": [*filter(None, TIMES), "10-", "-1011", "101112-2359"],
    "StudyDate": ["20200102", "20200102-20200104", "20200105-", "-20200101"],
    "StudyDescription": [*filter(None, WORDS), "*", "?_?", "5*x]"],
    "ModalitiesInStudy": ["CT", "CT\\SR", "M?", "XX"],
    "Modality": ["CT", "CT,SR", "*R"],
    "SeriesNumber": [*filter(None, NUMBERS), "7"],
    "PerformedProcedureStepStartDate": ["20200201-20200206", "20200212"],
    "PerformedProcedureStepStartTime": ["10", "2359", "101112.5-"],
    "RequestAttributesSequence.RequestedProcedureID": ["RP0", "RP?", "X"],
    "InstanceNumber": [*filter(None, NUMBERS)],
    "ImageType": ["PRIMARY", "SEC*", "DERIVED\\ORIGINAL"],
}
_OF = {SERIES: ("SeriesN", "Perf", "Requ"), INSTANCE: ("SeriesN", "Perf", "Requ", "Inst", "Imag")}


@st.composite
def questions(draw: st.DrawFn) -> tuple[Level, dict[str, str]]:
    level = draw(st.sampled_from([STUDY, SERIES, INSTANCE]))
    below = [each for each in _OF[INSTANCE] if each not in _OF.get(level, ())]
    names = [each for each in TEXTS if not each.startswith(tuple(below) or ("-",))]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    return level, {name: draw(st.sampled_from(TEXTS[name])) for name in chosen}


@SHARED
@given(asked=st.lists(questions(), min_size=1, max_size=4))
def test_any_keys_together_find_what_matches_all_of_them(
    filled: Catalogue, asked: list[tuple[Level, dict[str, str]]]
) -> None:
    for level, keys in asked:
        assert found(filled, level, keys) == expected(MADE, level, keys), (level, keys)


def test_pages_that_begin_at_a_number_are_the_whole_without_what_lies_before(filled: Catalogue) -> None:
    every = [hit.values["SOPInstanceUID"] for hit in filled.search(Query(level=INSTANCE)).hits]
    for skip in (0, 1, 7, 23, 24, 25, 1000):
        page = filled.search(Query(level=INSTANCE, skip=skip, limit=5))
        assert [hit.values["SOPInstanceUID"] for hit in page.hits] == every[skip : skip + 5]
        assert bool(page.next) == (skip + 5 < len(every))
        if page.next:
            after = filled.search(Query(level=INSTANCE, after=page.next, limit=5))
            assert [hit.values["SOPInstanceUID"] for hit in after.hits] == every[skip + 5 : skip + 10]


def test_an_image_tells_of_its_series_and_study_and_of_all_that_is_known(filled: Catalogue) -> None:
    query = Query(level=INSTANCE, sop_instance_uids=("1.2.3.1.2.5",), above=(SERIES, STUDY), all_values=True)
    (hit,) = filled.search(query).hits
    series, study = hit.above
    assert (series.level, study.level) == (SERIES, STUDY)
    assert study.counts == {"series": 2, "instances": 4}
    assert series.values["RequestAttributesSequence.ScheduledProcedureStepID"] == "SPS2"
    assert hit.values["ImageType"] == "ORIGINAL\\PRIMARY"
    assert hit.values["AcquisitionNumber"] == "1"


def test_studies_tell_their_time_zone_alone_where_that_is_asked(filled: Catalogue) -> None:
    alone = filled.search(Query(level=STUDY, time_zone=True)).hits
    assert [hit.values.get("TimezoneOffsetFromUTC") for hit in alone] == [None] * 4 + ["+0100", None]
    assert not any("PatientComments" in hit.values for hit in alone)
    every = filled.search(Query(level=STUDY, all_values=True)).hits
    assert [hit.values["PatientComments"] for hit in every][3] == r"C:\u0000\comments"


def test_a_study_tells_its_sop_classes_where_that_is_asked(filled: Catalogue) -> None:
    query = Query(level=STUDY, study_uids=("1.2.3.0",), sop_classes=True)
    assert filled.search(query).hits[0].values["SOPClassesInStudy"] == "1.2.840.10008.5.1.4.1.1.4"


@pytest.mark.parametrize(
    ("level", "key", "text"),
    [
        (STUDY, "SeriesNumber", "1"),
        (STUDY, "PatientWeight", "80"),
        (STUDY, "NumberOfStudyRelatedInstances", "4"),
        (STUDY, "OperatorsName", "X*"),
        (STUDY, "StudyID", '""'),
        (INSTANCE, "ImageType", "ORI*L"),
        (SERIES, "InstanceNumber", "1"),
    ],
)
def test_a_key_that_nothing_is_matched_by_is_named(level: Level, key: str, text: str) -> None:
    assert read_keys(level, {key: text}).unmatched == (key,)


@pytest.mark.parametrize(
    ("key", "text"),
    [("StudyDate", "yesterday"), ("StudyDate", "-"), ("StudyTime", "25"), ("StudyTime", "1"), ("SeriesNumber", "one"),
     ("StudyInstanceUID", ",")],
)  # fmt: skip
def test_a_key_that_is_none_of_its_kind_finds_nothing(key: str, text: str) -> None:
    asked = read_keys(SERIES, {key: text})
    assert (asked.wrong, asked.query.takeovers) == ((key,), ())
