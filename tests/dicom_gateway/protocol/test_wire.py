import socket
import threading
from collections.abc import Iterator

import pytest

from dicom_gateway.protocol.errors import PeerGone, PeerSilent, ProtocolBroken, Stopping
from dicom_gateway.protocol.wire import Patience, Wire

SHORT = Patience(acse=1, dimse=1, idle=1, network=1)
AMPLE = Patience(acse=60, dimse=60, idle=60, network=60)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def pdu(kind: int, content: bytes) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(4, "big") + content


def test_pdus_are_read_whole_however_they_come(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wire = Wire(ours, patience=AMPLE, longest=1000)
    sent = [(4, bytes([number]) * size) for number, size in enumerate((0, 1, 999, 1000, 3, 500, 700))]
    stream = b"".join(pdu(kind, content) for kind, content in sent)

    def trickle() -> None:
        for at in range(0, len(stream), 7):
            theirs.sendall(stream[at : at + 7])

    sending = threading.Thread(target=trickle)
    sending.start()
    assert [(kind, bytes(content)) for kind, content in (wire.read(60) for _ in sent)] == sent
    sending.join()


def test_a_pdu_that_says_it_is_longer_than_agreed_is_not_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"\x04\0\xff\xff\xff\xff")
    with pytest.raises(ProtocolBroken):
        Wire(ours, patience=AMPLE, longest=1000).read(60)


def test_a_peer_that_sends_a_byte_now_and_then_is_not_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"\x04\0\0\0\0\x20")
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.1):
            theirs.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    with pytest.raises(PeerSilent):
        Wire(ours, patience=SHORT).read(5)
    stop.set()
    dripping.join()


def test_a_peer_that_has_closed_is_told_of_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"\x04\0")
    theirs.close()
    with pytest.raises(PeerGone):
        Wire(ours, patience=AMPLE).read(60)


def test_a_peer_that_takes_nothing_is_not_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _theirs = pair
    with pytest.raises(PeerSilent):
        Wire(ours, patience=SHORT).send([bytes(64 << 20)])


def test_a_peer_that_asks_for_nothing_ends_where_the_gateway_stops(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _theirs = pair
    with pytest.raises(Stopping):
        Wire(ours, patience=AMPLE, stopping=lambda: True).read(60, idle=True)


def test_what_has_come_is_known_without_waiting(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wire = Wire(ours, patience=AMPLE)
    assert not wire.waits()
    theirs.sendall(pdu(4, b"abc"))
    while not wire.waits():
        pass
    assert bytes(wire.read(60)[1]) == b"abc"
    assert not wire.waits()


def test_more_pieces_than_the_system_takes_at_once_all_arrive(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    parts = [bytes([number % 251]) * 900 for number in range(3000)]
    sending = threading.Thread(target=Wire(ours, patience=AMPLE).send, args=(parts,))
    sending.start()
    wanted, came = b"".join(parts), b""
    while len(came) < len(wanted):
        came += theirs.recv(1 << 16)
    sending.join()
    assert came == wanted
