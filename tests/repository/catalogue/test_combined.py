"""Combined matching of dates and times (PS3.4 C.2.2.2.5), held to comparing instants in memory."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.query import Level
from repository.dicom_query import read_keys
from tests.builders.holdings import image, opened, packed, person
from tests.repository.catalogue.test_search import SHARED

DAYS = ("20200228", "20200229", "2020.03.01", "20200302", "")
TIMES = ("", "00", "0930", "093015", "093015.5", "12:00:00", "235959.999999")
OF = {
    Level.STUDY: ("Study",), Level.SERIES: ("Series", "PerformedProcedureStepStart"),
    Level.INSTANCE: ("Content", "Acquisition", "InstanceCreation"),
}  # fmt: skip
UNIQUE = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.INSTANCE: "SOPInstanceUID"}
MADE = {f"1.2.{at}": (day, time) for at, (day, time) in enumerate((day, time) for day in DAYS for time in TIMES)}


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    opened(catalogue)
    images = []
    for ordinal, (uid, (day, time)) in enumerate(MADE.items(), 1):
        said = {f"{name}Date": day for names in OF.values() for name in names}
        said |= {f"{name}Time": time for names in OF.values() for name in names}
        images.append(image(ordinal, study=uid, series=uid, sop=uid, attributes=said))
    catalogue.record(1, [packed("aa", *images)])
    return catalogue


def found(catalogue: Catalogue, name: str, days: str, times: str, *, combined: bool = True) -> set[str]:
    level = next(level for level, names in OF.items() if name in names)
    keys = read_keys(level, {f"{name}Date": days, f"{name}Time": times}, combined=combined)
    assert (keys.unmatched, keys.wrong) == ((), ())
    return {hit.values[UNIQUE[level]] for hit in catalogue.search(keys.query).hits}


def expected(days: str, times: str) -> set[str]:
    return {uid for uid, (day, time) in MADE.items() if day and within(day.replace(".", ""), time, days, times)}


def within(day: str, time: str, days: str, times: str) -> bool:
    """A range of instants; what has no time is in it where no time is asked of its day."""
    (first, last), (begins, ends) = ends_of(days), ends_of(times)
    if not time and ((begins and day == first) or (ends and day == last)):
        return False
    least = span(day, time)[0]
    return (not first or least >= span(first, begins)[0]) and (not last or least <= span(last, ends)[1])


def ends_of(text: str) -> tuple[str, str]:
    first, dash, last = text.partition("-")
    return first, last if dash else first


def span(day: str, time: str) -> tuple[datetime, datetime]:
    """The first and the last moment that it may mean."""
    start = datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007  as the files say it, without a zone
    whole, _, fraction = time.replace(":", "").partition(".")
    units = [timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)]
    parts = [int(whole[at : at + 2]) for at in range(0, len(whole), 2)]
    start += sum((unit * part for unit, part in zip(units, parts, strict=False)), timedelta())
    if fraction:
        start += timedelta(microseconds=int(fraction.ljust(6, "0")))
    length = timedelta(microseconds=10 ** (6 - len(fraction))) if fraction else [timedelta(days=1), *units][len(parts)]
    return start, start + length - timedelta(microseconds=1)


CASES = [
    ("20200228-20200302", "12-0930", 20),
    ("20200229", "0930-12", 4),
    ("20200229", "0930", 3),
    ("20200229", "093015", 2),
    ("20200229-", "12-", 16),
    ("-20200229", "-0900", 8),
    ("20200229-", "-12", 21),
    ("20200228-20200229", "00", 7),
    ("20200302-20200228", "00-12", 0),
]


@pytest.mark.parametrize(("days", "times", "number"), CASES)
def test_a_range_goes_from_one_instant_to_another(filled: Catalogue, days: str, times: str, number: int) -> None:
    right = expected(days, times)
    for names in OF.values():
        for name in names:
            assert found(filled, name, days, times) == right, name
    assert len(right) == number


def ranges(values: list[str]) -> st.SearchStrategy[str]:
    one = st.sampled_from(values)
    both = st.tuples(one, one).map(sorted).map("-".join)
    return one | both | one.map("{}-".format) | one.map("-{}".format)


@SHARED
@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from([name for names in OF.values() for name in names]),
            ranges(["20200227", "20200228", "20200229", "20200301", "20200302"]),
            ranges(["00", "0930", "093015", "093015.5", "0931", "12", "235959"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_ranges_find_the_instants_within(filled: Catalogue, asked: list[tuple[str, str, str]]) -> None:
    for name, days, times in asked:
        assert found(filled, name, days, times) == expected(days, times), (name, days, times)


@pytest.mark.parametrize(("days", "times"), [("20200228-20200302", "093015-12"), ("20200229-", "12-")])
def test_without_it_date_and_time_are_matched_one_by_one(filled: Catalogue, days: str, times: str) -> None:
    apart = found(filled, "Study", days, times, combined=False)
    assert apart == found(filled, "Study", days, "", combined=True) & found(filled, "Study", "", times, combined=True)
    assert apart < found(filled, "Study", days, times)


def test_a_birth_is_an_instant_too(filled: Catalogue) -> None:
    born = image(
        900, patient=2, study="9.1", facts=person(2, birth_date="19610301"), attributes={"PatientBirthTime": "08"}
    )
    filled.record(1, [packed("bb", born)])
    for times, right in (("09-", set()), ("-09", {"9.1"}), ("07-09", {"9.1"})):
        asked = {"PatientBirthDate": "19610301", "PatientBirthTime": times}
        keys = read_keys(Level.STUDY, asked, combined=True)
        assert {hit.values["StudyInstanceUID"] for hit in filled.search(keys.query).hits} == right
    keys = read_keys(
        Level.PATIENT, {"PatientBirthDate": "19600101-19620101", "PatientBirthTime": "09-07"}, combined=True
    )
    assert [hit.patient for hit in filled.search(keys.query).hits] == [2]


def test_a_date_that_is_none_takes_nothing_from_the_time() -> None:
    assert read_keys(Level.STUDY, {"StudyDate": '""', "StudyTime": "10"}, combined=True).query.matching[0].days == ""
    wrong = read_keys(Level.STUDY, {"StudyDate": "soon", "StudyTime": "10"}, combined=True)
    assert (wrong.wrong, wrong.query.takeovers) == (("StudyDate",), ())
