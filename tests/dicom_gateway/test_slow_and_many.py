"""Peers that are slow on purpose, and more peers than there may be: each ends by itself, and holds up nobody."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from dicom_gateway.protocol import wire as wires
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import C_STORE_RQ, DATA_SET, written
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.errors import PeerSilent
from dicom_gateway.protocol.messages import gathering
from dicom_gateway.protocol.negotiating import Agreed, Context
from dicom_gateway.protocol.pdus import ASSOCIATE_AC, ASSOCIATE_RJ, COMMAND, LAST, P_DATA
from dicom_gateway.protocol.wire import Patience, Wire
from repository.access.principal import Organisation
from repository.intake import Order, receive
from repository.peers.registering import register
from tests.builders.dicom import part10
from tests.builders.staff import custodian_of
from tests.dicom_gateway.gateways import CT, EXPLICIT, PATIENT, Door, named, opened
from tests.dicom_gateway.raw import (
    CT_ID,
    LONGEST,
    MR,
    Raw,
    an_instance,
    asking,
    command,
    data,
    echo,
    getting,
    good,
    line,
    pdu,
    value,
)
from tests.dicom_gateway.remaining import files_held, none_left, threads
from tests.dicom_gateway.tempers import Temper

SHORT = Patience(acse=0.6, dimse=0.6, idle=0.6, network=0.6)
LARGE = 24 << 20  # bytes of an image that no socket's buffers hold
MOST, MORE = 200, 230


@pytest.fixture(scope="module")
def temper() -> Temper:
    return Temper(PATIENT)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, temper: Temper) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("slow"), patience=temper) as door:
        yield door


def kept(door: Door) -> int:
    return len(list(door.archive.catalogue.holdings(door.open_one.number)))


Slowness = Callable[[Raw], Iterator[bytes]]


def in_the_request(_: Raw) -> Iterator[bytes]:
    for each in request(asking()):
        yield bytes((each,))


def in_nothing_at_all(_: Raw) -> Iterator[bytes]:
    while True:
        yield b""


def in_a_pdu(_: Raw) -> Iterator[bytes]:
    yield pdu(P_DATA, b"", length=100_000)
    while True:
        yield b"\0"


def in_a_header(peer: Raw) -> Iterator[bytes]:
    yield from (b"\4", b"\0", b"\0", b"\0")
    yield from in_nothing_at_all(peer)


def in_a_data_set(_: Raw) -> Iterator[bytes]:
    """Every PDU is whole, and has one byte of an image: each comes in time."""
    made = an_instance()
    said = command(C_STORE_RQ, MR, has=DATA_SET, AFFECTED_INSTANCE=str(made.SOPInstanceUID))
    yield data(value(CT_ID, COMMAND | LAST, written(said)))
    while True:
        yield data(value(CT_ID, 0, b"\0"))


def in_a_command(_: Raw) -> Iterator[bytes]:
    while True:
        yield data(value(CT_ID, COMMAND, b"\0"))


STRANGE: list[Slowness] = [in_the_request, in_nothing_at_all]
KNOWN: list[Slowness] = [in_a_header, in_a_pdu, in_a_data_set, in_a_command, in_nothing_at_all]


@pytest.mark.parametrize("slowness", STRANGE)
def test_a_stranger_that_is_slow_is_not_waited_for(own: Door, temper: Temper, slowness: Slowness) -> None:
    with temper.being(SHORT), line(own, associated=False) as peer:
        assert_not_waited_for(peer, slowness)
    assert_nothing_left(own)


@pytest.mark.parametrize("slowness", KNOWN)
def test_a_peer_that_is_slow_is_not_waited_for(own: Door, temper: Temper, slowness: Slowness) -> None:
    with line(own) as peer, temper.being(SHORT):
        peer.send(echo())
        assert peer.status() == 0  # from here on the door has no patience with it
        assert_not_waited_for(peer, slowness)
    assert_nothing_left(own)


def assert_not_waited_for(peer: Raw, slowness: Slowness) -> None:
    """A byte every now and then, until the gateway has had enough."""
    for each in islice(slowness(peer), 1000):
        peer.send(each)
        if gone(peer.socket):
            return
    pytest.fail("it waits for ever")


def assert_nothing_left(own: Door) -> None:
    assert good(own)
    assert none_left()
    assert kept(own) == 0
    assert files_held(own.archive.settings.home / "spool") == 0


def gone(connection: socket.socket) -> bool:
    """Whether the gateway has aborted or closed; after a short look."""
    connection.settimeout(0.05)
    try:
        return connection.recv(64)[:1] in (b"", b"\7")
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_peer_that_reads_no_answers_is_not_waited_for(tmp_path: Path) -> None:
    package = tmp_path / "large"
    package.mkdir()
    made = an_instance(kind=CT, size=LARGE)
    (package / "large.dcm").write_bytes(part10(made))
    temper = Temper(PATIENT)
    with opened(tmp_path, patients=1, patience=temper) as door:
        receive(door.archive, Order(package), progress=lambda _: None)
        house = Organisation(custodian_of(door.archive), "Następca")
        register(door.archive, named(door.peer, "CZYTA", organisation=house))
        with line(door, title="CZYTA") as peer:
            with temper.being(SHORT):
                peer.send(getting(str(made.StudyInstanceUID)))
                found = peer.command()
                assert found is not None
                assert found.field == C_STORE_RQ
                assert none_left()
            assert good(door)


def a_pair(patience: Patience) -> tuple[Wire, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(LONGEST)
    return Wire(ours, patience=patience), theirs


def test_what_is_taken_byte_by_byte_is_sent_no_longer_than_it_deserves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "SLOWEST", 64 << 20)
    ours, theirs = a_pair(Patience(network=0.5))
    stop = threading.Event()

    def nibble() -> None:
        while not stop.wait(0.01):
            theirs.recv(4096)

    nibbling = threading.Thread(target=nibble)
    nibbling.start()
    try:
        with pytest.raises(PeerSilent):
            ours.send([bytes(32 << 20)])
    finally:
        stop.set()
        nibbling.join()
        ours.close()
        theirs.close()


def test_a_peer_that_keeps_us_waiting_for_a_response_with_cancels_is_not_waited_for() -> None:
    ours, theirs = a_pair(Patience(network=0.5))
    context = Context(1, MR, EXPLICIT)
    association = Association(ours, Agreed(contexts={1: context}, longest=0))
    stop = threading.Event()

    def chatter() -> None:
        said = {0x0100: 0x0FFF, 0x0120: 1, 0x0800: 0x0101}
        while not stop.wait(0.01):
            theirs.send(data(value(1, COMMAND | LAST, written(said))))

    chattering = threading.Thread(target=chatter)
    chattering.start()
    try:
        with pytest.raises(PeerSilent):
            association.response(1, patience=0.3)
    finally:
        stop.set()
        chattering.join()
        ours.close()
        theirs.close()


def test_a_fast_peer_is_never_too_slow() -> None:
    ours, theirs = a_pair(PATIENT)
    context = Context(1, MR, EXPLICIT)
    association = Association(ours, Agreed(contexts={1: context}, longest=0))
    said = command(C_STORE_RQ, MR, has=DATA_SET)
    theirs.send(data(value(1, COMMAND | LAST, written(said))))
    theirs.send(data(value(1, 0, b"abc"), value(1, LAST, b"")))
    found = association.receive(gathering, patience=PATIENT.idle)
    assert found is not None
    assert found.command.field == C_STORE_RQ
    ours.close()
    theirs.close()


def memory() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def crowd(door: Door) -> list[int]:
    """So many at once, all of whom stay: what each is told; those who are taken are answered afterwards."""
    peers = [Raw(socket.create_connection(("127.0.0.1", door.port), timeout=LONGEST)) for _ in range(MORE)]
    try:
        for each in peers:
            each.send(request(asking()))
        answers = [each.pdu() for each in peers]
        taken = [each for each, said in zip(peers, answers, strict=True) if said and said[0] == ASSOCIATE_AC]
        rejected = {said[1] for said in answers if said and said[0] == ASSOCIATE_RJ}
        assert rejected == {bytes((0, 2, 3, 2))}
        for each in taken:
            each.send(echo())
        assert {each.status() for each in taken} == {0}
        assert {each.released() for each in taken} == {True}
    finally:
        for each in peers:
            each.close()
    return [said[0] if said else 0 for said in answers]


def test_of_two_hundred_and_more_at_once_each_is_answered_or_told_that_there_are_too_many(tmp_path: Path) -> None:
    with opened(tmp_path, associations=MOST, address_unidentified=MORE) as door:
        crowd(door)
        assert none_left()
        before = memory()
        for _ in range(3):
            told = crowd(door)
            assert told.count(ASSOCIATE_AC) == MOST
            assert told.count(ASSOCIATE_RJ) == MORE - MOST
            assert none_left()
        assert memory() - before < 32 << 20
        assert good(door)


def test_a_crowd_that_says_nothing_lets_others_in_once_their_time_is_over(tmp_path: Path) -> None:
    temper = Temper(SHORT)
    with opened(tmp_path, associations=20, patience=temper) as door:
        silent = [socket.create_connection(("127.0.0.1", door.port), timeout=LONGEST) for _ in range(20)]
        try:
            assert [each.recv(1) for each in silent] == [b""] * 20, "each is closed"
            assert none_left()
            with temper.being(PATIENT):
                assert good(door)
        finally:
            for each in silent:
                each.close()
    assert threads() == 0
