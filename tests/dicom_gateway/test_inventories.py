"""Inventory FIND, GET and MOVE: a successor learns which inventories there are, takes one, and checks by it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from threading import Event as Signal

import pytest
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from dicom_gateway.contexts import INVENTORY_FIND, INVENTORY_GET, INVENTORY_MOVE, INVENTORY_STORAGE
from dicom_gateway.settings import DEFAULT_TITLE
from repository.access.account_query import AccountQuery
from repository.access.principal import Organisation
from repository.domain.describing import Identifier
from repository.entitlement import protect
from repository.formats.dicom.inventory import CREATOR
from repository.inventories import InventoryOvertaken
from repository.peers.peer import Service
from repository.peers.registering import register
from repository.peers.titles import title_of
from tests.builders.dicom import PESEL_ROOT, data_set
from tests.dicom_gateway.gateways import CUSTODIAN, EXPLICIT, IMPLICIT, Door, named, opened
from tests.dicom_gateway.inventories import taken_over

STRANGER = Organisation(Identifier("2.16.840.1.113883.3.4424.2.3.1", "000000999999"), "Obca Przychodnia")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Two takeovers that have ended, in the peer's custody, and one that still receives."""
    with opened(tmp_path_factory.mktemp("inventories")) as made:
        made.sample = taken_over(made, "first", seeds=range(1, 4), studies=2)
        taken_over(made, "second", seeds=range(7, 9))
        register(made.archive, named(made.peer, "NARROW", takeovers=(made.sample.id,)))
        register(made.archive, named(made.peer, "STRANGER", organisation=STRANGER))
        register(made.archive, named(made.peer, "GETTER", services=frozenset({Service.FIND, Service.GET})))
        yield made


@dataclass
class Taken:
    inventories: list[Dataset] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    def take(self, event: Event) -> int:
        self.contents.append(event.request.DataSet.getvalue())
        implicit = str(event.context.transfer_syntax) == IMPLICIT
        self.inventories.append(read_dataset(DicomBytesIO(self.contents[-1]), implicit, True))
        return 0x0000


def question(**keys: object) -> Dataset:
    made = Dataset()
    for keyword, value in ({"SOPInstanceUID": ""} | keys).items():
        setattr(made, keyword, value)
    return made


def found(door: Door, *, title: str = CUSTODIAN.ae_title, called: str = DEFAULT_TITLE, **keys: object) -> list[Dataset]:
    association = door.associated(INVENTORY_FIND, title=title, called=called)
    told = list(association.send_c_find(question(**keys), INVENTORY_FIND))
    association.release()
    assert told[-1][0].Status == 0
    return [identifier for _, identifier in told if identifier is not None]


def getting(door: Door, taken: Taken, *, syntax: str = EXPLICIT, title: str = CUSTODIAN.ae_title) -> Association:
    entity = AE(ae_title=title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    entity.add_requested_context(INVENTORY_GET, [EXPLICIT])
    entity.add_requested_context(INVENTORY_STORAGE, [syntax])
    roles = [build_role(INVENTORY_STORAGE, scp_role=True)]
    return entity.associate(
        "127.0.0.1", door.port, ae_title=DEFAULT_TITLE, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, taken.take)]
    )


def got(door: Door, taken: Taken, uid: object, **how: str) -> Dataset:
    association = getting(door, taken, **how)
    *_, (status, _) = association.send_c_get(question(SOPInstanceUID=uid), INVENTORY_GET)
    association.release()
    return status


def test_each_takeover_that_has_ended_has_an_inventory(door: Door) -> None:
    assert door.sample is not None
    told = found(
        door, SOPClassUID="", ContentDate="", InventoryLevel="", InventoryCompletionStatus="",
        NumberOfStudyRecordsInInstance=None, TotalNumberOfStudyRecords=None, InventoryInstanceDescription="",
        RetrieveAETitle="",
    )  # fmt: skip
    assert [each.TotalNumberOfStudyRecords for each in told] == [6, 2]
    assert [each.NumberOfStudyRecordsInInstance for each in told] == [6, 2]
    assert len({each.SOPInstanceUID for each in told}) == 2
    assert {each.SOPClassUID for each in told} == {INVENTORY_STORAGE}
    assert {(each.InventoryLevel, each.InventoryCompletionStatus) for each in told} == {("INSTANCE", "COMPLETE")}
    assert door.sample.id in told[0].InventoryInstanceDescription
    assert told[0].ContentDate == door.archive.catalogue.takeover(door.sample.id).closed_at[:10].replace("-", "")
    assert {each.RetrieveAETitle for each in told} == {DEFAULT_TITLE}


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({"ContentDate": "20200101-"}, 2),
        ({"ContentDate": "-20200101"}, 0),
        ({"ContentDate": "20200101"}, 0),
        ({"InventoryLevel": "INSTANCE"}, 2),
        ({"InventoryLevel": "STUDY"}, 0),
        ({"InventoryCompletionStatus": "COMPLETE"}, 2),
        ({"SOPInstanceUID": "1.2.3"}, 0),
    ],
)
def test_inventories_are_found_by_their_keys(door: Door, keys: dict[str, object], count: int) -> None:
    assert len(found(door, **keys)) == count


def test_one_is_found_by_its_uid_and_a_list_of_them(door: Door) -> None:
    first, second = (str(each.SOPInstanceUID) for each in found(door))
    assert [each.SOPInstanceUID for each in found(door, SOPInstanceUID=second)] == [second]
    assert [each.SOPInstanceUID for each in found(door, SOPInstanceUID=[first, "1.2", second])] == [first, second]


def test_what_is_not_matched_by_is_said(door: Door) -> None:
    association = door.associated(INVENTORY_FIND)
    statuses = [each.Status for each, _ in association.send_c_find(question(PatientID="1"), INVENTORY_FIND)]
    association.release()
    assert statuses == [0xFF01, 0xFF01, 0]


def test_whoever_may_see_less_finds_less(door: Door) -> None:
    assert door.sample is not None
    assert [each.TotalNumberOfStudyRecords for each in found(door, TotalNumberOfStudyRecords=None, title="NARROW")] == [
        6
    ]
    assert len(found(door, called=title_of(door.sample))) == 1
    assert found(door, title="STRANGER") == []
    assert not door.associated(INVENTORY_FIND, title="GETTER").accepted_contexts


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_an_inventory_comes_by_c_get_and_the_package_can_be_checked_by_it(door: Door, syntax: str) -> None:
    taken, uid = Taken(), found(door)[0].SOPInstanceUID
    status = got(door, taken, uid, syntax=syntax)
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 1)
    (inventory,) = taken.inventories
    assert inventory.SOPInstanceUID == uid
    digests = {
        instance.private_block(0x0009, CREATOR)[1].value
        for study in inventory.InventoriedStudiesSequence
        for series in study.InventoriedSeriesSequence
        for instance in series.InventoriedInstancesSequence
    }
    package = door.package.parent / "first"
    assert digests == {hashlib.sha256(each.read_bytes()).digest() for each in package.iterdir()}


def test_the_same_inventory_comes_again_to_the_last_byte(door: Door) -> None:
    taken, uids = Taken(), [str(each.SOPInstanceUID) for each in found(door)]
    assert got(door, taken, uids).NumberOfCompletedSuboperations == 2
    assert got(door, taken, uids).NumberOfCompletedSuboperations == 2
    assert taken.contents[:2] == taken.contents[2:]


def test_getting_one_has_accounts_that_name_its_patients(door: Door) -> None:
    uid = found(door)[1].SOPInstanceUID
    before = door.archive.catalogue.journal.size()
    got(door, Taken(), uid)
    accounts = list(door.archive.catalogue.accounts.search(AccountQuery(after=before)))
    assert len({about for each in accounts for about in each.about}) == 2
    assert {each.door for each in accounts} == {"dicom"}


def test_what_is_not_there_or_not_for_the_peer_is_nothing(door: Door) -> None:
    taken, uid = Taken(), found(door)[1].SOPInstanceUID
    for wanted, title in (("1.2.3", CUSTODIAN.ae_title), (uid, "NARROW"), (uid, "STRANGER")):
        status = got(door, taken, wanted, title=title)
        assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 0)
    assert not taken.contents


@pytest.mark.parametrize("uid", ["", "1.2.*"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_retrieval_of_nothing_in_particular_is_refused(door: Door, uid: str) -> None:
    assert got(door, Taken(), uid).Status == 0xA900


def test_a_peer_that_takes_no_inventory_is_told_which_failed(door: Door) -> None:
    uid = found(door)[0].SOPInstanceUID
    association = door.associated(INVENTORY_GET)
    *_, (status, identifier) = association.send_c_get(question(SOPInstanceUID=uid), INVENTORY_GET)
    association.release()
    assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, 1)
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == uid


def moved(door: Door, uid: object, to: str) -> Dataset:
    association = door.associated(INVENTORY_MOVE)
    *_, (status, _) = association.send_c_move(question(SOPInstanceUID=uid), to, INVENTORY_MOVE)
    association.release()
    return status


@pytest.fixture
def destination(door: Door) -> Iterator[tuple[Taken, int]]:
    taken = Taken()
    entity = AE(ae_title="ARCHIWUM2")
    entity.add_supported_context(INVENTORY_STORAGE, EXPLICIT)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, taken.take)])
    try:
        yield taken, server.server_address[1]
    finally:
        server.shutdown()


def test_an_inventory_is_moved_to_a_peer_that_may_see_as_much(door: Door, destination: tuple[Taken, int]) -> None:
    taken, port = destination
    register(door.archive, named(door.peer, "SAME", host="127.0.0.1", port=port))
    uids = [str(each.SOPInstanceUID) for each in found(door)]
    before = door.archive.catalogue.journal.size()
    status = moved(door, uids, "SAME")
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 2)
    assert [str(each.SOPInstanceUID) for each in taken.inventories] == uids
    accounts = list(door.archive.catalogue.accounts.search(AccountQuery(after=before)))
    assert len({about for each in accounts for about in each.about}) == 5


def test_nothing_is_moved_to_a_peer_that_may_see_less(door: Door, destination: tuple[Taken, int]) -> None:
    taken, port = destination
    assert door.sample is not None
    register(door.archive, named(door.peer, "LESS", host="127.0.0.1", port=port, takeovers=(door.sample.id,)))
    register(door.archive, named(door.peer, "OTHER", host="127.0.0.1", port=port, organisation=STRANGER))
    uids = [str(each.SOPInstanceUID) for each in found(door)]
    assert moved(door, uids, "OTHER").NumberOfCompletedSuboperations == 0
    assert moved(door, uids, "LESS").NumberOfCompletedSuboperations == 1
    assert [str(each.SOPInstanceUID) for each in taken.inventories] == uids[:1]
    assert moved(door, uids, "NOBODY").Status == 0xA801


def test_a_dead_destination_is_told_as_failed(door: Door) -> None:
    register(door.archive, named(door.peer, "DEAD", host="127.0.0.1", port=9))
    status = moved(door, found(door)[0].SOPInstanceUID, "DEAD")
    assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, 1)


def test_the_inventory_of_what_was_protected_since_is_another_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("protected")) as door:
        taken_over(door, "all", seeds=range(1, 4))
        (before,) = found(door)
        protect(door.archive, Identifier(PESEL_ROOT, data_set(2).PatientID))
        (after,) = found(door, TotalNumberOfStudyRecords=None)
        taken = Taken()
        assert got(door, taken, before.SOPInstanceUID).NumberOfCompletedSuboperations == 0
        assert got(door, taken, after.SOPInstanceUID).NumberOfCompletedSuboperations == 1
        assert after.TotalNumberOfStudyRecords == 2
        assert data_set(2).PatientID.encode() not in taken.contents[0]


def test_one_that_is_overtaken_amid_its_way_is_never_acknowledged(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(*_: object, **__: object) -> Iterator[bytes]:
        yield BytesIO(bytes(2 << 20)).getvalue()  # more than is gathered before anything goes
        raise InventoryOvertaken

    monkeypatch.setattr("dicom_gateway.services.inventories_retrieving.written", overtaken)
    taken, aborted = Taken(), Signal()
    association = getting(door, taken)
    association.bind(evt.EVT_ABORTED, lambda _: aborted.set())
    told = list(association.send_c_get(question(SOPInstanceUID=found(door)[0].SOPInstanceUID), INVENTORY_GET))
    assert told[-1][0].get("Status") is None, "the last word was no answer"
    assert [status.Status for status, _ in told if "Status" in status and status.Status == 0] == []
    assert aborted.wait(60)
    assert not taken.contents
