"""Connections that say nothing, or not who they are: they take no place by which a registered peer could associate."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dicom_gateway import unidentified as rooms
from dicom_gateway.listening import SILENT
from dicom_gateway.measures import OPEN, REJECTED
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.pdus import ASSOCIATE_AC, ASSOCIATE_RJ
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.unidentified import Guest, Unidentified, neighbourhood
from tests.builders.certificates import Authority
from tests.dicom_gateway.gateways import VERIFICATION, Door, opened
from tests.dicom_gateway.raw import LONGEST, Raw, asking, echo, good, line
from tests.dicom_gateway.remaining import none_left, threads
from tests.dicom_gateway.tempers import ENDLESS, FOREVER
from tests.dicom_gateway.test_limits import family
from tests.dicom_gateway.test_tls import called, opened_with_tls
from tests.repository.waiting import eventually

CROWD, ELSEWHERE = 600, "127.0.0.2"


@contextmanager
def silent(door: Door, count: int, *, origin: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            at = ("127.0.0.1", door.port)
            made.append(stack.enter_context(socket.create_connection(at, LONGEST, source_address=(origin, 0))))
        yield made


def is_closed(each: socket.socket) -> bool:
    """Whether the gateway has ended it, as far as can be seen now."""
    each.settimeout(0)
    try:
        return each.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def closed(connections: list[socket.socket]) -> int:
    return sum(map(is_closed, connections))


def test_a_crowd_that_says_nothing_leaves_a_registered_peer_its_place(tmp_path: Path) -> None:
    with opened(tmp_path, associations=2, unidentified=40, address_unidentified=30, patience=ENDLESS) as door:
        with silent(door, CROWD) as crowd:
            assert eventually(lambda: closed(crowd) >= CROWD - 30)
            assert good(door)
            with line(door), line(door):
                assert not is_closed(crowd[-1]), "the last to come have time to speak"
                assert threads() <= 30 + 2
        assert none_left()


def test_silent_ones_of_one_address_never_crowd_out_those_of_another(tmp_path: Path) -> None:
    with (
        opened(tmp_path, unidentified=16, address_unidentified=16, patience=ENDLESS) as door,
        silent(door, 3, origin=ELSEWHERE) as few,
        silent(door, 100) as crowd,
    ):
        assert eventually(lambda: closed(crowd) >= 100 - 13)
        assert closed(few) == 0
        for each in few:
            peer = Raw(each)
            each.settimeout(LONGEST)
            peer.send(request(asking()))
            said = peer.pdu()
            assert said is not None
            assert said[0] == ASSOCIATE_AC


def test_one_address_has_no_more_than_its_places(tmp_path: Path) -> None:
    with (
        opened(tmp_path, unidentified=16, address_unidentified=5, patience=ENDLESS) as door,
        silent(door, 9) as crowd,
    ):
        assert eventually(lambda: closed(crowd) == 4)
        assert [is_closed(each) for each in crowd] == [True] * 4 + [False] * 5, "the oldest go first"


def test_whoever_has_begun_to_speak_is_not_crowded_out_by_silent_ones(tmp_path: Path) -> None:
    with (
        opened(tmp_path, unidentified=8, address_unidentified=8, patience=ENDLESS) as door,
        line(door, associated=False) as slow,
    ):
        said = request(asking())
        slow.send(said[:50])
        with silent(door, 60) as crowd:
            assert eventually(lambda: closed(crowd) >= 53)
            slow.send(said[50:])
            answer = slow.pdu()
            assert answer is not None
            assert answer[0] == ASSOCIATE_AC
            slow.send(echo())
            assert slow.status() == 0


def test_where_all_speak_others_are_told_that_there_are_too_many_until_a_moment_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "SPEAKING", FOREVER)
    with (
        opened(tmp_path, unidentified=4, address_unidentified=4, patience=ENDLESS) as door,
        silent(door, 4) as half,
    ):
        for each in half:
            each.sendall(request(asking())[:50])
        with line(door, associated=False) as peer:
            assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 2, 3, 2)))]
        monkeypatch.setattr(rooms, "SPEAKING", 0.0)
        assert good(door)
        assert eventually(lambda: closed(half) >= 1)


def test_those_that_are_let_go_are_counted_and_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(tmp_path, unidentified=4, address_unidentified=4, patience=ENDLESS) as door:
        assert door.gateway is not None
        families = door.gateway.measures.families
        with silent(door, 50) as crowd:
            assert eventually(lambda: closed(crowd) == 46)
            assert family(families(), OPEN) == {(): 0}
        assert eventually(lambda: family(families(), REJECTED) == {(SILENT,): 46})
    assert caplog.text.count("silent connections") == 1


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "half a handshake"])
def test_handshakes_that_never_end_leave_a_registered_peer_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(rooms, "SPEAKING", 0.0)
    authority = Authority(tmp_path)
    own = authority.sign("pacs")
    with opened_with_tls(tmp_path, authority, unidentified=8, address_unidentified=6, patience=ENDLESS) as door:
        with silent(door, 100) as crowd:
            for each in crowd:
                try:
                    each.sendall(said)
                except ConnectionError:  # let go already
                    continue
            assert eventually(lambda: closed(crowd) >= 94)
            association = called(door, authority, own, title="PACS")
            assert association.is_established
            assert association.send_c_echo().Status == 0x0000
            association.release()
        assert none_left()


def test_a_door_that_is_closed_waits_for_nobody_who_says_nothing(tmp_path: Path) -> None:
    closing = threading.Event()

    def lived() -> None:
        with opened(tmp_path, patience=ENDLESS, grace=int(FOREVER)) as door, silent(door, 5):
            assert eventually(lambda: threads() == 5)
            stack.enter_context(silent(door, 5))
        closing.set()

    with ExitStack() as stack:
        living = threading.Thread(target=lived, daemon=True)
        living.start()
        assert closing.wait(LONGEST)
        living.join()


def test_as_many_associate_as_there_may_be_and_no_more(tmp_path: Path) -> None:
    with opened(tmp_path, associations=3, patience=ENDLESS) as door:
        taken = [door.associated(VERIFICATION) for _ in range(3)]
        assert all(each.is_established for each in taken)
        with line(door, associated=False) as peer:
            assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 2, 3, 2)))]
        taken.pop().release()
        assert eventually(lambda: threads() == 2)
        assert good(door)
        for each in taken:
            each.release()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.1", True), ("10.0.0.1", "10.0.0.2", False), ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True), ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True), ("", "10.0.0.1", False),
    ],
)  # fmt: skip
def test_who_has_one_address_of_a_site_has_all_of_them(one: str, other: str, *, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same


def test_one_that_had_to_go_is_not_taken_for_one_that_is_there() -> None:
    room = Unidentified(most=1, of_one=1)
    (ours, theirs), (others, _theirs) = socket.socketpair(), socket.socketpair()
    first = room.let_in(ours, "10.0.0.1")
    second = room.let_in(others, "10.0.0.1")
    assert first is not None
    assert second is not None
    assert theirs.recv(1) == b""
    assert not room.leave(first)
    assert room.leave(second)
    for each in (ours, theirs, others, _theirs):
        each.close()


def test_one_that_had_to_go_amid_becoming_secured_has_ended() -> None:
    room = Unidentified(most=1, of_one=1)
    (plain, _), (ours, theirs) = socket.socketpair(), socket.socketpair()
    guest = room.let_in(plain, "10.0.0.1")
    assert guest is not None
    room.close()
    room.becomes(guest, ours)
    assert theirs.recv(1) == b""
    for each in (plain, _, ours, theirs):
        each.close()


def test_a_connection_is_open_as_long_as_it_has_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has to go is looked for among all that have one, by their sockets."""
    left, leave = list[int](), Unidentified.leave

    def noted(room: Unidentified, guest: Guest) -> bool:
        had = leave(room, guest)
        if had:
            left.append(guest.connection.fileno())
        return had

    monkeypatch.setattr(Unidentified, "leave", noted)
    short = Patience(acse=0.1, dimse=30, idle=30, network=30)
    with opened(tmp_path, patience=short) as door, silent(door, 5) as crowd:
        assert eventually(lambda: closed(crowd) == 5)
    assert len(left) == 5
    assert min(left) >= 0
