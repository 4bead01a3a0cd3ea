"""C-FIND with fuzzy matching of names and combined matching of dates and times: negotiated, or as without."""

from collections.abc import Iterator

import pytest
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from dicom_gateway.contexts import NEGOTIABLE, Ways, ways_agreed
from dicom_gateway.settings import DEFAULT_TITLE
from repository.access.account_query import AccountQuery
from tests.dicom_gateway.finding import PATIENT_ROOT, STUDY_ROOT, answers, asking, found, question, told
from tests.dicom_gateway.gateways import CUSTODIAN, EXPLICIT, IMPLICIT, Door, opened
from tests.dicom_gateway.studies import study, taken_over

FUZZY, COMBINED = b"\0\0\1", b"\0\1"
STUDIES = [
    *study(1, "Kowalska-Nowak^Żaneta", ReferringPhysicianName="Wójcik^Anna"),
    *study(1, "Kowalska^Żaneta", number=2, StudyDate="20240610", StudyTime="235959.5"),
    *study(2, "Müller^Jürgen", charset="ISO_IR 100", ReferringPhysicianName="Zak^Ewa"),
    *study(3, "Иванов^Пётр", StudyDate="20230101", StudyTime="0900"),
    *study(4, "KOWALSKI^JAN", charset="", StudyDate="19991231", StudyTime="0900", ReferringPhysicianName="WUJCIK"),
]
KOWALSKI, ALL = {"ACC1.1", "ACC1.2", "ACC4.1"}, {"ACC1.1", "ACC1.2", "ACC2.1", "ACC3.1", "ACC4.1"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("sound")
    with opened(folder, patients=0) as made:
        made.sample = taken_over(made, folder / "images", STUDIES)
        yield made


def numbers(door: Door, *, extended: bytes = b"", **keys: str) -> set[str]:
    asked = question("STUDY", AccessionNumber="", **keys)
    asked.SpecificCharacterSet = "ISO_IR 192"
    return told(found(door, asked, extended=extended), "AccessionNumber")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"\1\1\1\1\1", b"\1\1\1\0\0"),
        (b"\1\1\1\1\1\1\1", b"\1\1\1\0\0\0\0"),
        (b"\0\0\1", b"\0\0\1"),
        (b"\0\1\0\0", b"\0\1\0\0"),
        (b"\1", b"\1"),
        (b"\2\2\2", b"\0\0\0"),
        (b"\0", b"\0"),
    ],
)
@pytest.mark.parametrize("model", [STUDY_ROOT, PATIENT_ROOT])
def test_what_is_asked_for_and_done_is_agreed_on(door: Door, model: str, asked: bytes, answer: bytes) -> None:
    association = asking(door, model, extended=asked)
    assert association.acceptor.sop_class_extended == {model: answer}
    association.release()


def test_nothing_is_agreed_on_that_nobody_asked_for(door: Door) -> None:
    association = asking(door)
    assert association.acceptor.sop_class_extended == {}
    association.release()


def test_the_bytes_are_ways_in_the_order_of_the_standard() -> None:
    assert ways_agreed(b"") == Ways()
    assert ways_agreed(b"\1") == Ways(relational=True)
    assert ways_agreed(b"\0\1\0\0") == Ways(combined=True)
    assert ways_agreed(b"\0\0\1\1\1\1\1") == Ways(fuzzy=True)
    assert [done for _, done in NEGOTIABLE] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("name", "literally", "fuzzily"),
    [
        ("Kowalski", set(), KOWALSKI),
        ("Kowalska", set(), KOWALSKI),
        ("Jan Kowalska", set(), {"ACC4.1"}),
        ("Żaneta^Nowak", set(), {"ACC1.1", "ACC1.2"}),
        ("zanet", set(), {"ACC1.1", "ACC1.2"}),
        ("Mueller^Jürgen", set(), {"ACC2.1"}),
        ("Miller", set(), set()),
        ("иванов", set(), {"ACC3.1"}),
        ("KOW*", KOWALSKI, KOWALSKI),
        ("KOWALSK?^JAN", {"ACC4.1"}, {"ACC4.1"}),
        ("*", ALL, ALL),
        ("Nobody", set(), set()),
    ],
)
def test_names_match_by_words_and_sound_where_that_is_agreed_on(
    door: Door, name: str, literally: set[str], fuzzily: set[str]
) -> None:
    assert numbers(door, PatientName=name) == literally
    assert numbers(door, PatientName=name, extended=b"\1\1\0") == literally
    assert numbers(door, PatientName=name, extended=FUZZY) == fuzzily


def test_so_do_those_of_referring_physicians(door: Door) -> None:
    assert numbers(door, ReferringPhysicianName="Wujcik", extended=FUZZY) == {"ACC1.1", "ACC4.1"}
    assert numbers(door, ReferringPhysicianName="Wujcik") == {"ACC4.1"}
    assert numbers(door, ReferringPhysicianName="Anna Wojcik", PatientName="nowak", extended=FUZZY) == {"ACC1.1"}
    assert numbers(door, ReferringPhysicianName="Rzak", extended=FUZZY) == {"ACC2.1"}


def test_what_is_agreed_on_for_one_class_does_not_count_for_another(door: Door) -> None:
    entity = AE(ae_title=CUSTODIAN.ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    for model in (STUDY_ROOT, PATIENT_ROOT):
        entity.add_requested_context(model, [EXPLICIT, IMPLICIT])
    wish = SOPClassExtendedNegotiation()
    wish.sop_class_uid, wish.service_class_application_information = PATIENT_ROOT, FUZZY
    association = entity.associate("127.0.0.1", door.port, ae_title=DEFAULT_TITLE, ext_neg=[wish])
    assert association.acceptor.sop_class_extended == {PATIENT_ROOT: FUZZY}
    _, people = answers(association, question("PATIENT", PatientName="Kowalska^Jan"), PATIENT_ROOT)
    _, studies = answers(association, question("STUDY", PatientName="Kowalska^Jan"), STUDY_ROOT)
    association.release()
    assert (told(people, "PatientName"), studies) == ({"KOWALSKI^JAN"}, [])


def test_the_account_says_that_names_were_asked_for_by_sound(door: Door) -> None:
    for extended, said in ((FUZZY, True), (b"", False)):
        before = door.archive.catalogue.journal.size()
        numbers(door, PatientName="KOWAL*", extended=extended)
        (account,) = door.archive.catalogue.accounts.search(AccountQuery(after=before))
        assert ("fuzzy=True" in account.query, "fuzzy" in account.query) == (said, said)


@pytest.mark.parametrize(
    ("days", "times", "apart", "combined"),
    [
        ("20230101-20240610", "-100000", {"ACC3.1"}, {"ACC1.1", "ACC2.1", "ACC3.1"}),
        ("20230101-20240610", "100000-0930", set(), {"ACC1.1", "ACC2.1"}),
        ("19991231-20230101", "0930-", set(), {"ACC3.1"}),
        ("20230101", "0900", {"ACC3.1"}, {"ACC3.1"}),
        ("20240610", "2300-", {"ACC1.2"}, {"ACC1.2"}),
        ("-20230101", "-0830", set(), {"ACC4.1"}),
    ],
)
def test_a_date_and_a_time_are_one_instant_where_that_is_agreed_on(
    door: Door, days: str, times: str, apart: set[str], combined: set[str]
) -> None:
    assert numbers(door, StudyDate=days, StudyTime=times) == apart
    assert numbers(door, StudyDate=days, StudyTime=times, extended=FUZZY) == apart
    assert numbers(door, StudyDate=days, StudyTime=times, extended=COMBINED) == combined
