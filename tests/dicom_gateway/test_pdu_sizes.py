"""Sizes of PDUs (PS3.8 D.1): we say that we take what we are told to, and send what the other side takes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pynetdicom import AE, build_role, evt

from dicom_gateway.committing import ask
from dicom_gateway.contexts import STUDY_GET, STUDY_MOVE
from dicom_gateway.echoing import echo
from dicom_gateway.protocol.commands import response_to
from dicom_gateway.protocol.encoding import acceptance
from dicom_gateway.protocol.negotiating import Context, asked
from dicom_gateway.protocol.pdus import LARGEST, P_DATA, RELEASE_RESPONSE, RELEASE_RQ
from dicom_gateway.settings import DEFAULT_TITLE, GatewaySettings
from repository.commitment.wishing import prepared
from repository.peers.registering import register, registered, remove
from tests.dicom_gateway import raw
from tests.dicom_gateway.commitments import asked as committed
from tests.dicom_gateway.commitments import asking_for, at_port, looked_and_reported, stored
from tests.dicom_gateway.gateways import CT, EXPLICIT, PATIENT, Door, named, opened
from tests.dicom_gateway.raw import LONGEST, Raw, line, moving
from tests.dicom_gateway.test_committing_elsewhere import sample_of
from tests.dicom_gateway.test_destinations import final, study_of
from tests.dicom_gateway.test_retrieving import Taken
from tests.dicom_gateway.test_retrieving import asked as keys

TITLE, ODD = "MALY", 20_000  # an even number that nobody has by himself


@dataclass
class Exact:
    """A peer that answers everything with success. `takes`: bytes of a PDU, as it says. `offered`: what it was told
    that we take; `sizes`: of P-DATA that came; `released`: associations that were ended in order."""

    takes: int
    offered: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    released: int = 0
    _command: bytes = b""

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                made, _ = server.accept()
            except OSError:
                return
            with made:
                made.settimeout(LONGEST)
                self._spoken(Raw(made))

    def _spoken(self, line: Raw) -> None:
        request = line.pdu()
        assert request is not None
        what = asked(request[1])
        self.offered.append(what.longest)
        contexts = [Context(each.id, each.abstract, each.syntaxes[0]) for each in what.contexts]
        line.send(acceptance(what, contexts, refused={}, extended={}, longest=self.takes))
        while (found := line.pdu()) is not None and found[0] == P_DATA:
            self.sizes.append(len(found[1]))
            self._answered(line, found[1])
        if found is not None and found[0] == RELEASE_RQ:
            self.released += 1
            line.send(RELEASE_RESPONSE)

    def _answered(self, line: Raw, content: bytes) -> None:
        """Once the data set has come, if there is one."""
        at = 0
        while at < len(content):
            length = int.from_bytes(content[at : at + 4])
            control, part = content[at + 5], content[at + 6 : at + 4 + length]
            if control & 1:
                self._command += part
            if control & 2 and (not control & 1 or not raw.read(self._command).has_data_set):
                line.send(raw.message(content[at + 4], response_to(raw.read(self._command), 0)))
                self._command = b""
            at += 4 + length


@contextmanager
def exact(door: Door, takes: int) -> Iterator[Exact]:
    made = Exact(takes)
    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=made.serve, args=(server,), name="exact")
        serving.start()
        register(door.archive, named(door.peer, TITLE, host="127.0.0.1", port=server.getsockname()[1]))
        try:
            yield made
        finally:
            remove(door.archive, TITLE)
            server.shutdown(socket.SHUT_RDWR)
            serving.join(LONGEST)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Its images are of some thousand bytes."""
    images = tmp_path_factory.mktemp("sizes")
    with opened(images, patients=1, images=2, pdu=ODD) as door:
        yield door


@pytest.mark.parametrize("takes", [64, 4096, 16_384, 1 << 20, 0])
def test_a_destination_is_sent_no_longer_pdus_than_it_takes_and_told_what_we_take(own: Door, takes: int) -> None:
    study, count = study_of(own)
    with exact(own, takes) as to, line(own) as peer:
        peer.send(moving(study, TITLE))
        found = final(peer)
        assert (found.number(raw.commands.STATUS), found.number(raw.commands.COMPLETED)) == (0, count)
    assert (to.offered, to.released) == ([ODD], 1)
    assert max(to.sizes) <= (min(takes, LARGEST) or LARGEST)
    if takes in (64, 4096):
        assert max(to.sizes) == takes, "they are filled"


@pytest.mark.parametrize("takes", [4096, 0])
def test_pynetdicom_gets_and_is_moved_to_with_the_size_that_it_says(own: Door, takes: int) -> None:
    study, count = study_of(own)
    taken, entity = Taken(), AE(ae_title=TITLE)
    entity.maximum_pdu_size = takes
    entity.add_supported_context(CT)
    sizes: list[int] = []

    handlers = [(evt.EVT_C_STORE, taken.take), (evt.EVT_PDU_RECV, lambda event: sizes.append(event.pdu.pdu_length))]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        register(own.archive, named(own.peer, TITLE, host="127.0.0.1", port=server.server_address[1]))
        association = own.associated(STUDY_MOVE)
        *_, (status, _) = association.send_c_move(keys("STUDY", StudyInstanceUID=study), TITLE, STUDY_MOVE)
        association.release()
        assert (status.Status, status.NumberOfCompletedSuboperations) == (0, count)
    finally:
        server.shutdown()
        remove(own.archive, TITLE)
    assert len(taken.data_sets) == count
    assert not takes or max(sizes) == takes


@pytest.mark.parametrize("takes", [4096, 0])
def test_a_peer_that_gets_is_sent_no_longer_pdus_than_it_takes(own: Door, takes: int) -> None:
    study, count = study_of(own)
    entity, taken, sizes = AE(ae_title="PACS"), Taken(), list[int]()
    for each in (STUDY_GET, CT):
        entity.add_requested_context(each, EXPLICIT)
    handlers = [(evt.EVT_C_STORE, taken.take), (evt.EVT_PDU_RECV, lambda event: sizes.append(event.pdu.pdu_length))]
    association = entity.associate(
        "127.0.0.1", own.port, ae_title=DEFAULT_TITLE, max_pdu=takes, ext_neg=[build_role(CT, scp_role=True)],
        evt_handlers=handlers,
    )  # fmt: skip
    assert association.is_established
    *_, (status, _) = association.send_c_get(keys("STUDY", StudyInstanceUID=study), STUDY_GET)
    association.release()
    assert (status.Status, len(taken.data_sets)) == (0, count)
    assert not takes or max(sizes) == takes


def test_every_association_that_we_ask_for_says_what_we_take(tmp_path: Path) -> None:
    settings = GatewaySettings(pdu=ODD, patience=PATIENT)
    with opened(tmp_path, patients=1) as door, exact(door, 0) as to:
        peer = registered(door.archive, TITLE)
        assert peer is not None
        assert echo(peer, settings) >= 0
        assert list(
            ask(door.archive, peer, prepared(door.archive, peer, sample_of(door), door="test"), settings=settings)
        )
        assert to.offered == [ODD, ODD]


def test_a_report_of_commitment_says_what_we_take(tmp_path: Path) -> None:
    with opened(tmp_path, pdu=ODD) as door, exact(door, 0) as to:
        peer = registered(door.archive, TITLE)
        assert peer is not None
        at_port(door.archive, peer.port)
        assert committed(door, asking_for(*stored(door, 1))).Status == 0
        looked_and_reported(door.archive, pdu=ODD)
        assert (to.offered, to.released) == ([ODD], 1)
