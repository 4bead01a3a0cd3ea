"""One query model, matched as DICOM says, the same on both engines."""

import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import BadCursor
from repository.catalogue.folding import folded_name
from repository.catalogue.query import Level, Page, Query
from repository.domain.describing import Identifier, Kind
from tests.builders.holdings import PESEL, image, opened, packed, paper, person

SHARED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_NAMES = count()


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    """Two takeovers with the same study UID; in the first two patients, images of both and documents of one."""
    one, two = opened(catalogue).number, opened(catalogue, "two").number
    anna = person(1, name="Łącka-Żółć^Anna^Maria", birth_date="19500228", sex="F")
    jan = person(2, name="Kowalski^Jan", birth_date="19610301", sex="M")
    catalogue.record(
        one,
        [
            packed(
                "aa",
                image(1, facts=anna, study="1.2.3", series="1.2.3.1", sop="9.1"),
                image(2, facts=anna, study="1.2.3", series="1.2.3.1", sop="9.2"),
                image(3, facts=anna, study="1.2.3", series="1.2.3.2", sop="9.3", attributes={"Modality": "MR"}),
            ),
            packed("bb", paper(4, facts=anna), paper(5, facts=anna, class_code="11.00", effective_time="20211231")),
            packed(
                "cc",
                image(6, patient=2, facts=jan, study="1.2.4", series="1.2.4.1", sop="9.4",
                    attributes={"StudyDate": "2021.03.04", "AccessionNumber": "B_%1"}),
            ),
        ],
    )  # fmt: skip
    catalogue.record(two, [packed("dd", image(1, facts=jan, study="1.2.3", series="1.2.3.1", sop="9.1"), takeover=two)])
    return catalogue


def _found(page: Page) -> list[tuple[int, int, str]]:
    word = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.INSTANCE: "SOPInstanceUID",
        Level.PATIENT: "PatientName", Level.DOCUMENT: "extension", Level.HOLDING: "path"}  # fmt: skip
    return [(hit.takeover, hit.patient, hit.values[word[hit.level]]) for hit in page.hits]


ANNA, JAN, AGAIN = (1, 1, "1.2.3"), (1, 2, "1.2.4"), (2, 1, "1.2.3")


@pytest.mark.parametrize(
    ("asked", "studies"),
    [
        ({}, [ANNA, JAN, AGAIN]),
        ({"takeovers": (1,)}, [ANNA, JAN]),
        ({"takeovers": ()}, []),
        ({"patient": 2}, [JAN]),
        ({"patient_name": "LACKA*"}, [ANNA]),
        ({"patient_name": "łącka-żółć^anna^maria"}, [ANNA]),
        ({"patient_name": "*zolc*"}, [ANNA]),
        ({"patient_name": "Kowalsk?^J*"}, [JAN, AGAIN]),
        ({"patient_name": "kowalski"}, []),
        ({"patient_id": "00000000001"}, [ANNA]),
        ({"patient_id": "0000000000?", "patient_root": PESEL}, [ANNA, JAN, AGAIN]),
        ({"patient_id": "00000000001", "patient_root": "1.2"}, []),
        ({"patient_root": PESEL}, [ANNA, JAN, AGAIN]),
        ({"birth_date": "19500228"}, [ANNA]),
        ({"birth_date": "19600101-"}, [JAN, AGAIN]),
        ({"birth_date": "-19610301"}, [ANNA, JAN, AGAIN]),
        ({"birth_date": "19500301-19610228"}, []),
        ({"birth_date": "yesterday"}, []),
        ({"sex": "F"}, [ANNA]),
        ({"dates": "20210304"}, [JAN]),
        ({"dates": "20200101-20201231"}, [ANNA, AGAIN]),
        ({"study_uids": ("1.2.4", "1.2.9")}, [JAN]),
        ({"series_uids": ("1.2.3.2",)}, [ANNA]),
        ({"sop_instance_uids": ("9.1",)}, [ANNA, AGAIN]),
        ({"series_uids": ("1.2.3.2",), "sop_instance_uids": ("9.1",)}, []),
        ({"modality": "MR"}, [ANNA]),
        ({"modality": "?R"}, [ANNA]),
        ({"modality": "MR", "patient_name": "Kow*"}, []),
        ({"accession_number": "B_%1"}, [JAN]),
        ({"accession_number": "B_%*"}, [JAN]),
        ({"accession_number": "A_%*"}, []),
        ({"accession_number": "a1"}, []),
        ({"referring_physician": "zolc*"}, [ANNA, JAN, AGAIN]),
        ({"document_id": "doc-4"}, [ANNA]),
        ({"document_id": "doc-6"}, []),
    ],
)
def test_studies_are_found_as_dicom_matches(filled: Catalogue, asked: dict[str, object], studies: list[object]) -> None:
    assert _found(filled.search(Query(level=Level.STUDY, **asked))) == studies  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Query(level=Level.PATIENT, modality="CT", takeovers=(1,)), ["Łącka-Żółć^Anna^Maria", "Kowalski^Jan"]),
        (Query(level=Level.PATIENT, document_id="doc-4", sex="F"), ["Łącka-Żółć^Anna^Maria"]),
        (Query(level=Level.PATIENT, sop_instance_uids=("9.4",)), ["Kowalski^Jan"]),
        (Query(level=Level.SERIES, study_uids=("1.2.3",), takeovers=(1,)), ["1.2.3.1", "1.2.3.2"]),
        (Query(level=Level.SERIES, dates="2021-", modality="CT"), []),
        (Query(level=Level.SERIES, dates="20210101-", modality="CT"), ["1.2.4.1"]),
        (Query(level=Level.SERIES, sop_instance_uids=("9.3",)), ["1.2.3.2"]),
        (Query(level=Level.INSTANCE, series_uids=("1.2.3.1",), takeovers=(1,)), ["9.1", "9.2"]),
        (Query(level=Level.INSTANCE, modality="MR"), ["9.3"]),
        (Query(level=Level.INSTANCE, accession_number="B*", patient_name="kowalski*"), ["9.4"]),
        (Query(level=Level.DOCUMENT), ["doc-4", "doc-5"]),
        (Query(level=Level.DOCUMENT, document_id="doc-5", document_root="1.2.616.1"), ["doc-5"]),
        (Query(level=Level.DOCUMENT, document_id="doc*", document_root="1.2.616.1"), ["doc-4", "doc-5"]),
        (Query(level=Level.DOCUMENT, set_id=Identifier("1.2.616.2", "set-4")), ["doc-4"]),
        (Query(level=Level.DOCUMENT, class_code="11.00"), ["doc-5"]),
        (Query(level=Level.DOCUMENT, dates="20200101-20200103"), ["doc-4"]),
        (Query(level=Level.DOCUMENT, event_id=Identifier("1.5", "e5")), ["doc-5"]),
        (Query(level=Level.DOCUMENT, study_uids=("1.2.3",), patient_name="lacka*"), ["doc-4", "doc-5"]),
        (Query(level=Level.DOCUMENT, modality="MR"), ["doc-4", "doc-5"]),
        (Query(level=Level.DOCUMENT, accession_number="B*"), []),
        (Query(level=Level.HOLDING, kind=Kind.CDA), ["data/000004.bin", "data/000005.bin"]),
        (Query(level=Level.HOLDING, class_code="00.30"), ["data/000004.bin"]),
        (Query(level=Level.HOLDING, modality="MR"), ["data/000003.bin"]),
        (Query(level=Level.INSTANCE, kind=Kind.CDA), []),
    ],
)
def test_every_level_is_found(filled: Catalogue, asked: Query, found: list[str]) -> None:
    assert [name for _, _, name in _found(filled.search(asked))] == found


def test_hits_tell_what_lies_below_them(filled: Catalogue) -> None:
    study = filled.search(Query(level=Level.STUDY, patient_name="lacka*")).hits[0]
    assert study.counts == {"series": 2, "instances": 3}
    assert study.values["ModalitiesInStudy"] == "CT\\MR"
    assert study.values["PatientName"] == "Łącka-Żółć^Anna^Maria"
    series = filled.search(Query(level=Level.SERIES, series_uids=("1.2.3.1",), takeovers=(1,))).hits[0]
    assert series.counts == {"instances": 2}
    patient = filled.search(Query(level=Level.PATIENT, patient_name="lacka*")).hits[0]
    assert patient.counts == {"studies": 1, "documents": 2, "holdings": 5}
    assert patient.identifiers == (Identifier(PESEL, "00000000001"),)
    instance = filled.search(Query(level=Level.INSTANCE, sop_instance_uids=("9.4",))).hits[0]
    assert (instance.ordinal, instance.values["Rows"], instance.values["TransferSyntaxUID"]) == (
        6, "512", "1.2.840.10008.1.2.1"
    )  # fmt: skip


@pytest.mark.parametrize("level", list(Level))
def test_pages_hold_each_match_once(filled: Catalogue, level: Level) -> None:
    every = filled.search(Query(level=level))
    assert every.next == ""
    hits, mark = [], ""
    for _ in range(20):
        page = filled.search(Query(level=level, limit=2, after=mark))
        hits.extend(page.hits)
        mark = page.next
        if not mark:
            break
    assert tuple(hits) == every.hits


MARKS = ["x", "WzFd", "bnVsbA", "ż", "eyJhIjoxfQ", "W3RydWUsdHJ1ZSwieCJd", "WzEsOTk5OTk5OTk5OTk5OTk5OTk5OSwieCJd"]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_that_no_search_gave_is_refused(filled: Catalogue, mark: str) -> None:
    with pytest.raises(BadCursor):
        filled.search(Query(level=Level.STUDY, after=mark))


LETTERS = st.text("aąŁ^ %_\\[]-ß", max_size=6)
PATTERNS = st.text("aąŁ^ %_\\[]-ß*?", min_size=1, max_size=5)


@SHARED
@given(names=st.lists(LETTERS, min_size=1, max_size=5), pattern=PATTERNS)
def test_wildcards_match_as_the_standard_says(catalogue: Catalogue, names: list[str], pattern: str) -> None:
    number = opened(catalogue, f"{next(_NAMES)}").number
    people = [person(place, name=name or "x") for place, name in enumerate(names, 1)]
    packs = [packed(f"{n}", image(n, patient=n, facts=facts), takeover=number) for n, facts in enumerate(people, 1)]
    catalogue.record(number, packs)
    folded = folded_name(pattern)
    wanted = re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in folded), re.DOTALL)
    expected = [
        place for place, facts in enumerate(people, 1)
        if not pattern.strip("*") or wanted.fullmatch(folded_name(facts.name))
    ]  # fmt: skip
    found = catalogue.search(Query(level=Level.PATIENT, takeovers=(number,), patient_name=pattern))
    assert [hit.patient for hit in found.hits] == expected
