"""Who may have an association: a registered peer, from its address, with its certificate, for what it may ask."""

from pathlib import Path

import pytest

from dicom_gateway.contexts import STUDY_FIND, STUDY_GET
from dicom_gateway.protocol.errors import NotAgreed
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from repository.peers.peer import Service
from repository.peers.registering import register, remove
from repository.peers.titles import title_of
from tests.dicom_gateway.gateways import CT, CUSTODIAN, EXPLICIT, PATIENT, VERIFICATION, Door, named, opened


def rejection(door: Door, *, title: str, called: str) -> tuple[int, int]:
    """Result and reason of A-ASSOCIATE-RJ. Not by pynetdicom: now and then it takes one for an abort."""
    what = Asked(calling=title, called=called, contexts=[Proposed(1, VERIFICATION, (EXPLICIT,))])
    with pytest.raises(NotAgreed) as no, associated(what, Address("127.0.0.1", door.port), patience=PATIENT):
        pass
    return no.value.words[0], no.value.words[2]


def test_a_registered_peer_is_answered(door: Door) -> None:
    association = door.associated(VERIFICATION)
    assert association.is_established
    assert association.send_c_echo().Status == 0x0000
    association.release()


def test_whoever_is_not_registered_or_calls_somebody_else_is_rejected(door: Door) -> None:
    assert rejection(door, title="NIEZNANY", called="EDM-ARCHIVE") == (1, 3)
    assert rejection(door, title="PACS", called="ORTHANC") == (1, 7)


def test_a_peer_that_calls_from_elsewhere_is_rejected_as_one_that_is_not_known(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        register(door.archive, named(CUSTODIAN, "DALEKI", addresses=("192.0.2.0/24",)))
        register(door.archive, named(CUSTODIAN, "BEZADRESU", addresses=()))
        for title in ("DALEKI", "BEZADRESU"):
            assert rejection(door, title=title, called="EDM-ARCHIVE") == (1, 3)


def test_a_peer_that_is_removed_is_rejected_at_its_next_call(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        assert door.associated(VERIFICATION).is_established
        remove(door.archive, CUSTODIAN.ae_title)
        assert rejection(door, title=CUSTODIAN.ae_title, called="EDM-ARCHIVE") == (1, 3)


def test_contexts_of_services_that_a_peer_may_not_ask_for_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        register(door.archive, named(CUSTODIAN, "TYLKOSZUKA", services=frozenset({Service.FIND})))
        association = door.associated(CT, STUDY_FIND, STUDY_GET, title="TYLKOSZUKA")
        assert [str(each.abstract_syntax) for each in association.accepted_contexts] == [STUDY_FIND]
        assert {each.result for each in association.rejected_contexts} == {0x03}
        association.release()


def test_a_takeover_is_called_by_a_title_of_its_own(door: Door) -> None:
    assert door.sample is not None
    for each in (door.sample, door.open_one):
        association = door.associated(VERIFICATION, called=title_of(each))
        assert association.is_established
        association.release()


def test_a_peer_that_sees_one_takeover_alone_may_not_call_another(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        assert door.sample is not None
        register(door.archive, named(door.peer, "WASKI", takeovers=(door.sample.id,)))
        assert door.associated(VERIFICATION, title="WASKI", called=title_of(door.sample)).is_established
        assert rejection(door, title="WASKI", called=title_of(door.open_one)) == (1, 7)
