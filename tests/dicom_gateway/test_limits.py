"""Settings and limits of the door: what one peer may have, how long a retrieval takes, which PDUs are taken."""

import logging
from pathlib import Path

import pytest
from pydicom import Dataset

from dicom_gateway import settings as names
from dicom_gateway.contexts import STUDY_GET, STUDY_MOVE
from dicom_gateway.errors import DicomAddressNotFree
from dicom_gateway.listening import bound, reserved
from dicom_gateway.measures import ACCEPTED, ENDED, OPEN, OPERATIONS, RECEIVED, REJECTED, SEEN, class_of
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.settings import GatewaySettings, from_environment
from repository.errors import SettingWrong
from repository.measuring import Family
from repository.peers.registering import register
from tests.dicom_gateway.gateways import CT, CUSTODIAN, VERIFICATION, Door, an_image, named, opened, status_of
from tests.dicom_gateway.raw import Raw, line
from tests.dicom_gateway.test_retrieving import Taken, asked, getting, got
from tests.dicom_gateway.test_who_calls import rejection
from tests.repository.waiting import eventually

LISTEN = {names.LISTEN: "127.0.0.1:11112"}


def test_what_is_told_is_taken() -> None:
    told = {
        names.PROCESSES: "4", names.ASSOCIATIONS: "300", names.PEER_ASSOCIATIONS: "20", names.PDU: "1048576",
        names.ACSE: "5", names.DIMSE: "6", names.IDLE: "7", names.NETWORK: "8", names.SUBOPERATION: "9",
        names.RETRIEVAL: "10", names.GRACE: "11",
    }  # fmt: skip
    assert from_environment(LISTEN | told) == GatewaySettings(
        processes=4, associations=300, peer_associations=20, pdu=1 << 20, suboperation=9, retrieval=10, grace=11,
        patience=Patience(acse=5, dimse=6, idle=7, network=8),
    )  # fmt: skip
    assert from_environment(LISTEN) == GatewaySettings()
    assert from_environment({}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (names.PDU, "16383"), (names.PDU, "1048577"), (names.PROCESSES, "0"), (names.PROCESSES, "257"),
        (names.IDLE, "-1"), (names.ACSE, "1.5"), (names.DIMSE, "٣"), (names.RETRIEVAL, "9" * 5000),
        (names.SUBOPERATION, "soon"), (names.PEER_ASSOCIATIONS, "10001"), (names.NETWORK, "86401"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingWrong) as wrong:
        from_environment(LISTEN | {name: value})
    assert name in str(wrong.value)
    assert value not in str(wrong.value) or len(value) < 3


def test_an_image_is_waited_for_as_any_answer_unless_told() -> None:
    assert GatewaySettings(patience=Patience(dimse=7)).for_an_image == 7
    assert GatewaySettings(suboperation=3).for_an_image == 3


def test_one_peer_does_not_take_the_places_of_all(tmp_path: Path) -> None:
    with opened(tmp_path, peer_associations=2) as door:
        register(door.archive, named(CUSTODIAN, "INNY"))
        first, second = door.associated(VERIFICATION), door.associated(VERIFICATION)
        assert first.is_established
        assert second.is_established
        assert rejection(door, title="PACS", called="EDM-ARCHIVE") == (2, 2)
        other = door.associated(VERIFICATION, title="INNY")
        assert other.is_established
        other.release()
        first.release()
        with_room = door.associated(VERIFICATION)
        assert with_room.is_established
        with_room.release()
        second.release()


def a_study(door: Door) -> str:
    """The UID of one that was taken over."""
    assert door.sample is not None
    facts = [each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number)]
    return next(each.study_instance_uid for each in facts if each)


def test_a_retrieval_that_takes_too_long_ends_and_names_what_is_left(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1, images=6, retrieval=0.0) as door:
        uid = a_study(door)
        taken = Taken()
        with getting(door, taken) as association:
            answers = got(association, asked("STUDY", StudyInstanceUID=uid), STUDY_GET)
            status, failed = answers[-1]
            assert association.is_established
        assert (status.Status, status.NumberOfCompletedSuboperations) == (0xA702, 0)
        assert "ask for what is left" in status.ErrorComment
        assert isinstance(failed, Dataset)
        assert len(failed.FailedSOPInstanceUIDList) == status.NumberOfFailedSuboperations > 1
        assert taken.data_sets == []


def test_a_move_that_takes_too_long_calls_no_destination(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1, retrieval=0.0) as door:
        uid = a_study(door)
        register(door.archive, named(door.peer, "CEL", host="127.0.0.1", port=9))  # nobody listens there
        association = door.associated(STUDY_MOVE)
        *_, (status, failed) = association.send_c_move(asked("STUDY", StudyInstanceUID=uid), "CEL", STUDY_MOVE)
        association.release()
        assert status.Status == 0xA702
        assert failed is not None


@pytest.mark.parametrize("size", [1 << 14, 1 << 20])
def test_pdus_are_taken_up_to_the_size_that_is_told(size: int, tmp_path: Path) -> None:
    with opened(tmp_path, pdu=size) as door:
        association = door.associated(CT)
        assert association.acceptor.maximum_length == size
        assert status_of(association.send_c_store(an_image())) == 0x0000
        association.release()
        with line(door) as peer:
            peer.send(bytes((4, 0)) + (size + 1).to_bytes(4, "big"))
            assert _aborted(peer)


def _aborted(peer: Raw) -> bool:
    found = peer.pdu()
    return found is not None and found[0] == 7


def family(door_families: list[Family], name: str) -> dict[tuple[str, ...], float]:
    (found,) = (each for each in door_families if each.name == name)
    return {tuple(key): value for key, value in found.samples}


def test_what_happens_is_counted_and_logged_without_a_strangers_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dicom_gateway")
    with opened(tmp_path) as door:
        assert door.gateway is not None
        families = door.gateway.measures.families
        association = door.associated(VERIFICATION, CT)
        assert family(families(), OPEN) == {(): 1}
        assert association.send_c_echo().Status == 0x0000
        assert status_of(association.send_c_store(an_image())) == 0x0000
        association.release()
        rejection(door, title="KOWALSKI^JAN", called="EDM-ARCHIVE")
        rejection(door, title="PACS", called="KTOS")
        assert eventually(lambda: family(families(), OPEN) == {(): 0})
        assert eventually(lambda: family(families(), RECEIVED)[()] > 500)
        assert family(families(), ACCEPTED) == {(): 1}
        assert family(families(), REJECTED) == {("called-unknown",): 1, ("calling-not-registered",): 1}
        assert family(families(), ENDED) == {("released",): 1}
        assert family(families(), OPERATIONS) == {("echo", "success"): 1, ("store", "success"): 1}
        assert set(family(families(), SEEN)) == {("PACS",)}
    assert "an association was rejected: calling-not-registered, from 127.0.0.1" in caplog.text
    assert "association with PACS: released" in caplog.text
    assert "KOWALSKI" not in caplog.text
    assert "KTOS" not in caplog.text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x0000, "success"), (0xB000, "warning"), (0xB007, "warning"), (0x0107, "warning"), (0xFE00, "cancel"),
        (0xFF00, "pending"), (0xFF01, "pending"), (0xA700, "refused"), (0xA702, "refused"), (0x0124, "refused"),
        (0xA900, "failure"), (0xC000, "failure"), (0x0110, "failure"),
    ],
)  # fmt: skip
def test_statuses_have_their_class(status: int, kind: str) -> None:
    assert class_of(status) == kind


def test_an_address_is_nobody_elses_once_it_is_reserved() -> None:
    with reserved(GatewaySettings(port=0)) as found:
        assert found.port
        sockets = [bound(found), bound(found)]
        try:
            with pytest.raises(DicomAddressNotFree), reserved(found):
                pass
        finally:
            for each in sockets:
                each.close()
    with reserved(found):
        pass
