"""Repository queries: everything comes once, page by page, and nothing that is not for the peer."""

from collections.abc import Iterator

import pytest
from pydicom import Dataset

from dicom_gateway.contexts import REPOSITORY_QUERY
from dicom_gateway.listening import Gateway
from dicom_gateway.settings import GatewaySettings
from repository.access.account_query import AccountQuery
from repository.domain.describing import Identifier
from repository.entitlement import give_custody, protect
from repository.peers.peer import Service
from repository.peers.registering import register
from repository.peers.titles import title_of
from repository.runtime import open_archive
from tests.builders.access import OURS
from tests.builders.dicom import PESEL_ROOT, data_set
from tests.dicom_gateway.finding import asking, found, question
from tests.dicom_gateway.gateways import CT, IMPLICIT, PATIENT, Door, an_image, named, opened
from tests.dicom_gateway.inventories import FOREIGN, LIMITED, record_question, taken_over, told, walked

PATIENTS, STUDIES = range(1, 6), 3


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Two takeovers of several studies, both in the peer's custody, and one that is not."""
    with opened(tmp_path_factory.mktemp("inventory")) as made:
        made.sample = taken_over(made, "first", seeds=PATIENTS, studies=STUDIES)
        taken_over(made, "second", seeds=range(7, 9))
        register(made.archive, named(made.peer, "NARROW", takeovers=(made.sample.id,)))
        register(made.archive, named(made.peer, "FINDER", services=frozenset({Service.FIND})))
        yield made


def uids(pages: list[list[Dataset]]) -> list[str]:
    return [str(each.StudyInstanceUID) for page in pages for each in page]


def expected(door: Door, **how: object) -> set[str]:
    return {str(each.StudyInstanceUID) for each in found(door, question("STUDY", StudyInstanceUID=""), **how)}


@pytest.mark.parametrize("most", [1, 4, 17, 100])
def test_all_studies_come_once_page_by_page(door: Door, most: int) -> None:
    pages = walked(door, most=most)
    assert len(uids(pages)) == len(set(uids(pages))) == len(PATIENTS) * STUDIES + 2
    assert set(uids(pages)) == expected(door)
    keys = [each.RecordKey for page in pages for each in page]
    assert len(set(keys)) == len(keys)
    assert uids(pages) == uids(walked(door, most=100))


def test_a_record_has_the_same_key_each_time(door: Door) -> None:
    one, other = ({each.StudyInstanceUID: each.RecordKey for each in walked(door, most=100)[0]} for _ in range(2))
    assert one == other


def test_each_page_is_one_search_with_its_account(door: Door) -> None:
    before = door.archive.catalogue.journal.size()
    pages = walked(door, most=7)
    accounts = door.archive.catalogue.accounts.search(AccountQuery(after=before))
    assert [len(each) for each in pages] == [7, 7, 3]
    assert sorted(each.count for each in accounts) == [3, 7, 7]
    assert {(each.door, each.operation) for each in accounts} == {("dicom", "search")}


def test_records_are_told_as_by_c_find_and_that_they_are_in_use(door: Door) -> None:
    asked = record_question(
        PatientName="", PatientID="", StudyInstanceUID="", NumberOfStudyRelatedInstances="", ModalitiesInStudy="",
        RemovedFromOperationalUse="",
    )  # fmt: skip
    association = asking(door, REPOSITORY_QUERY)
    statuses = {status.Status for status, _ in association.send_c_find(asked, REPOSITORY_QUERY)}
    _, records = told(association, asked)
    association.release()
    assert statuses == {0xFF00, 0}
    one = next(each for each in records if each.StudyInstanceUID == data_set(1).StudyInstanceUID)
    assert (str(one.PatientName), one.PatientID) == (str(data_set(1).PatientName), data_set(1).PatientID)
    assert (one.NumberOfStudyRelatedInstances, one.ModalitiesInStudy) == (1, "CT")
    assert {each.RemovedFromOperationalUse for each in records} == {"N"}
    assert {each.RetrieveAETitle for each in records} == {"EDM-ARCHIVE"}


@pytest.mark.parametrize(("removed", "count"), [("N", 17), ("Y", 0)])
def test_nothing_is_removed_from_use(door: Door, removed: str, count: int) -> None:
    (page,) = walked(door, most=100, RemovedFromOperationalUse=removed)
    assert len(page) == count


def test_keys_narrow_what_is_walked_through(door: Door) -> None:
    name = str(data_set(2).PatientName)
    pages = walked(door, most=2, PatientID=data_set(2).PatientID, PatientName="")
    assert [len(page) for page in pages] == [2, 1]
    assert {str(each.PatientName) for page in pages for each in page} == {name}


def test_series_and_images_are_walked_through_as_well(door: Door) -> None:
    study = str(data_set(3).StudyInstanceUID)
    (series,) = walked(door, "SERIES", most=5, StudyInstanceUID=study, SeriesInstanceUID="")
    relational = {"extended": b"\1\0\0\0"}
    images = walked(door, "IMAGE", most=5, how=relational, SOPInstanceUID="", StoredInstanceTransferSyntaxUID="")
    assert [each.SeriesInstanceUID for each in series] == [data_set(3).SeriesInstanceUID]
    assert len({each.SOPInstanceUID for page in images for each in page}) == 17
    assert {each.StoredInstanceTransferSyntaxUID for page in images for each in page} == {"1.2.840.10008.1.2.1"}


def test_whoever_cannot_go_on_is_told_everything(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicom_gateway.services.repository_query.MOST_RECORDS", 5)
    association = asking(door, REPOSITORY_QUERY)
    status, records = told(association, question("STUDY", StudyInstanceUID=""))
    assert (status, len(records)) == (0, 17)
    status, records = told(association, record_question(StudyInstanceUID="", most=9))
    assert (status, len(records)) == (LIMITED, 5)
    status, records = told(association, question("STUDY", StudyInstanceUID="", MaximumNumberOfRecords=9))
    association.release()
    assert (status, len(records)) == (LIMITED, 9)


def test_a_limit_over_several_pages_of_the_catalogue_is_kept(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repository.searching.MOST", 4)
    pages = walked(door, most=10)
    assert [len(page) for page in pages] == [10, 7]
    assert set(uids(pages)) == expected(door)


def test_as_many_as_there_are_is_no_limit_reached(door: Door) -> None:
    association = asking(door, REPOSITORY_QUERY)
    assert told(association, record_question(StudyInstanceUID="", most=17))[0] == 0
    assert told(association, record_question(StudyInstanceUID="", most=16))[0] == LIMITED
    association.release()


def test_a_key_goes_on_in_implicit_vr_too(door: Door) -> None:
    pages = walked(door, most=6, how={"syntax": IMPLICIT})
    assert set(uids(pages)) == expected(door)


def one_key(door: Door, **how: object) -> bytes:
    association = asking(door, REPOSITORY_QUERY, **how)  # type: ignore[arg-type]
    _, (record,) = told(association, record_question(StudyInstanceUID="", most=1))
    association.release()
    return bytes(record.RecordKey)


def after(door: Door, key: bytes, level: str = "STUDY", **how: object) -> int:
    association = asking(door, REPOSITORY_QUERY, **how)  # type: ignore[arg-type]
    keys = {"StudyInstanceUID": ""} if level == "STUDY" else {"StudyInstanceUID": data_set(1).StudyInstanceUID}
    status, _ = told(association, record_question(level, prior=key, **keys))
    association.release()
    return status


def test_a_key_that_was_tampered_with_is_refused(door: Door) -> None:
    key = one_key(door)
    assert after(door, key) == 0
    for at in (0, 7, 16, len(key) - 3):
        assert after(door, key[:at] + bytes([key[at] ^ 1]) + key[at + 1 :]) == FOREIGN
    for other in (key[:16], key[2:], key + b"ab", b"\0" * 40, b"x" * 5000):
        assert after(door, other) == FOREIGN


def test_a_key_tells_nothing(door: Door) -> None:
    key = one_key(door)
    assert data_set(1).StudyInstanceUID.encode() not in key
    assert b"WyJ" not in key


def test_a_key_of_another_level_or_another_scope_is_refused(door: Door) -> None:
    assert door.sample is not None
    key, title = one_key(door), title_of(door.sample)
    assert after(door, key, "SERIES") == FOREIGN
    assert after(door, key, called=title) == FOREIGN
    assert after(door, key, title="NARROW") == FOREIGN
    own = one_key(door, called=title)
    assert after(door, own, called=title) == 0
    assert after(door, own) == FOREIGN


def test_a_key_of_another_archive_is_refused(door: Door, tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("other")) as other:
        taken_over(other, "same", seeds=PATIENTS)
        assert after(door, one_key(other)) == FOREIGN


def test_a_peer_of_one_takeover_walks_through_that_alone(door: Door) -> None:
    pages = walked(door, most=4, how={"title": "NARROW"})
    assert len(uids(pages)) == len(PATIENTS) * STUDIES
    assert not set(uids(pages)) & {str(data_set(seed).StudyInstanceUID) for seed in (7, 8)}


def test_a_peer_without_the_service_has_no_context(door: Door) -> None:
    association = door.associated(REPOSITORY_QUERY, title="FINDER")
    assert not association.accepted_contexts
    association.abort()


def test_other_requests_do_not_pass_by_that_context(door: Door) -> None:
    association = door.associated(REPOSITORY_QUERY)
    context = association.accepted_contexts[0]
    context.abstract_syntax = "1.2.840.10008.5.1.4.1.2.2.3"
    *_, (status, _) = association.send_c_get(question("STUDY", StudyInstanceUID="1.2"), context.abstract_syntax)
    association.abort()
    assert status.Status == 0x0122


@pytest.mark.parametrize(
    "keys", [{"MaximumNumberOfRecords": 0}, {"MaximumNumberOfRecords": [1, 2]}, {"RemovedFromOperationalUse": "MAYBE"}]
)
def test_what_cannot_be_meant_is_refused(door: Door, keys: dict[str, object]) -> None:
    association = asking(door, REPOSITORY_QUERY)
    status, records = told(association, question("STUDY", StudyInstanceUID="", **keys))
    association.release()
    assert (status, records) == (0xC000, [])


def test_protected_patients_are_nowhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("protected")) as door:
        taken_over(door, "all", seeds=range(1, 5))
        key = one_key(door)
        before = walked(door, most=2)
        protect(door.archive, Identifier(PESEL_ROOT, data_set(2).PatientID))
        pages = walked(door, most=2)
        assert set(uids(before)) - set(uids(pages)) == {str(data_set(2).StudyInstanceUID)}
        assert [len(each) for each in pages] == [2, 1]
        assert after(door, key) == 0


def test_an_archive_that_grows_is_walked_through_to_its_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("growing")) as door:
        give_custody(door.archive, door.open_one.id, OURS, name="Nasza Przychodnia")
        storing, sent = door.associated(CT), []
        prior, seen = b"", list[str]()
        for seed in range(1, 9):
            image = an_image(seed)
            assert storing.send_c_store(image).Status == 0
            sent.append(str(image.StudyInstanceUID))
            association = asking(door, REPOSITORY_QUERY)
            _, records = told(association, record_question(StudyInstanceUID="", most=1, prior=prior))
            association.release()
            seen += [str(each.StudyInstanceUID) for each in records]
            prior = bytes(records[-1].RecordKey)
        storing.release()
        assert seen == sent


def test_a_key_goes_on_after_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("restart")) as door:
        taken_over(door, "all", seeds=range(1, 4))
        whole = uids(walked(door, most=100))
        key = one_key(door)
    settings = GatewaySettings(port=0, grace=5, patience=PATIENT)
    with open_archive(door.archive.settings) as archive, Gateway(archive, settings) as gateway:
        door.archive, door.port = archive, gateway.port
        association = asking(door, REPOSITORY_QUERY)
        status, records = told(association, record_question(StudyInstanceUID="", prior=key))
        association.release()
    assert status == 0
    assert [str(each.StudyInstanceUID) for each in records] == whole[1:]
