"""C-MOVE while its destination is deaf: whoever asked is heard at once, whatever the destination does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dicom_gateway.contexts import INVENTORY_MOVE
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import COMPLETED, FAILED, REMAINING, STATUS, WARNING, Command
from dicom_gateway.protocol.negotiating import Proposed
from dicom_gateway.protocol.pdus import ABORT, abort
from repository.access.principal import Organisation
from repository.formats.dicom.identifiers_writing import write_identifier
from repository.intake import Order, receive
from repository.peers.registering import register, remove
from tests.builders.dicom import part10
from tests.builders.staff import custodian_of
from tests.dicom_gateway.deaf import Deaf, Deafness, deaf
from tests.dicom_gateway.gateways import CT, EXPLICIT, Door, named, opened
from tests.dicom_gateway.raw import LONGEST, Raw, an_instance, cancel, command, good, in_pieces, line, message, moving
from tests.dicom_gateway.remaining import none_left
from tests.dicom_gateway.tempers import ENDLESS
from tests.dicom_gateway.test_destinations import final, study_of
from tests.dicom_gateway.test_inventories import found

TITLE, LARGE = "GLUCHY", 24 << 20


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("deaf"), patients=1, images=4, patience=ENDLESS, grace=1) as door:
        yield door


@pytest.fixture(scope="module")
def ample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One image that no socket's buffers hold."""
    folder = tmp_path_factory.mktemp("ample")
    package = folder / "large"
    package.mkdir()
    (package / "large.dcm").write_bytes(part10(an_instance(kind=CT, size=LARGE)))
    with opened(folder, patience=ENDLESS, grace=1) as door:
        receive(door.archive, Order(package), progress=lambda _: None)
        remove(door.archive, door.peer.ae_title)
        house = Organisation(custodian_of(door.archive), "Następca")
        door.peer = register(door.archive, named(door.peer, door.peer.ae_title, organisation=house))
        yield door


Asked = tuple[Door, str, int]  # a study, and how many images it has


@pytest.fixture
def asked_of(own: Door, ample: Door) -> Callable[[Deafness], Asked]:
    def found(deafness: Deafness) -> Asked:
        if deafness in (Deafness.READING_NOTHING, Deafness.READING_BYTES):
            return ample, str(an_instance(kind=CT, size=LARGE).StudyInstanceUID), 1
        return own, *study_of(own)

    return found


@contextmanager
def registered_deaf(door: Door, deafness: Deafness) -> Iterator[Deaf]:
    """A destination that is deaf until the block ends."""
    with deaf(deafness) as made:
        register(door.archive, named(door.peer, TITLE, host=made.host, port=made.port, tls=made.tls))
        try:
            yield made
        finally:
            remove(door.archive, TITLE)


def counts(found: Command) -> dict[str, int]:
    tags = {"completed": COMPLETED, "failed": FAILED, "warned": WARNING, "remaining": REMAINING}
    return {name: found.number(tag) for name, tag in tags.items()}


@pytest.mark.parametrize("deafness", Deafness)
def test_a_cancel_is_answered_while_the_destination_is_still_deaf(
    asked_of: Callable[[Deafness], Asked], deafness: Deafness
) -> None:
    own, study, count = asked_of(deafness)
    with registered_deaf(own, deafness) as to, line(own) as peer:
        peer.send(moving(study, TITLE, number=3))
        assert to.reached.wait(LONGEST)
        assert good(own)
        peer.send(cancel(3))
        found = final(peer)
        assert not to.ended.is_set()
        begun = int(deafness.begun)
        assert found.number(STATUS) == 0xFE00
        assert counts(found) == {"completed": 0, "failed": begun, "warned": 0, "remaining": count - begun}
        assert found.has_data_set is bool(begun), "the list of those that failed"
        assert peer.released()
    assert none_left()


GOING: dict[str, Callable[[Raw], None]] = {
    "aborts": lambda peer: peer.send(abort()),
    "closes": lambda peer: peer.close(),
    "vanishes": lambda peer: peer.vanish(),
}


@pytest.mark.parametrize("deafness", [Deafness.NO_ANSWER, Deafness.NO_ASSOCIATION, Deafness.READING_NOTHING])
@pytest.mark.parametrize("how", GOING)
def test_a_peer_that_goes_while_its_destination_is_deaf_leaves_nothing_behind(
    asked_of: Callable[[Deafness], Asked], deafness: Deafness, how: str
) -> None:
    own, study, _ = asked_of(deafness)
    with registered_deaf(own, deafness) as to:
        with line(own) as peer:
            peer.send(moving(study, TITLE))
            assert to.reached.wait(LONGEST)
            GOING[how](peer)
            assert none_left(), "while the destination is still deaf"
        assert not to.ended.is_set()


def test_a_destination_that_is_given_up_is_told_by_an_abort(own: Door) -> None:
    study, _ = study_of(own)
    with registered_deaf(own, Deafness.NO_ANSWER) as to:
        with line(own) as peer:
            peer.send(moving(study, TITLE, number=3))
            assert to.reached.wait(LONGEST)
            peer.send(cancel(3))
            assert final(peer).number(STATUS) == 0xFE00
        to.wake()
        assert to.ended.wait(LONGEST)
        assert to.heard[-1] == ABORT


def test_whoever_waits_is_told_that_it_goes_on(own: Door) -> None:
    study, count = study_of(own)
    with registered_deaf(own, Deafness.NO_ANSWER) as to, line(own) as peer:
        peer.send(moving(study, TITLE, number=3))
        assert to.reached.wait(LONGEST)
        for _ in range(2):
            found = peer.command()
            assert found is not None
            assert (found.number(STATUS), found.number(REMAINING)) == (0xFF00, count)
        peer.send(cancel(3))
        assert final(peer).number(STATUS) == 0xFE00


@pytest.mark.parametrize("cut", in_pieces(cancel(3)).items(), ids=lambda each: each[0])
def test_part_of_a_cancel_holds_up_nothing_and_counts_once_it_is_whole(own: Door, cut: tuple[str, list[bytes]]) -> None:
    study, _ = study_of(own)
    with registered_deaf(own, Deafness.NO_ANSWER) as to, line(own) as peer:
        peer.send(moving(study, TITLE, number=3))
        assert to.reached.wait(LONGEST)
        _, (first, *rest) = cut
        peer.send(first)
        assert [peer.status(), peer.status()] == [0xFF00, 0xFF00], "it goes on"
        peer.send(b"".join(rest))
        assert final(peer).number(STATUS) == 0xFE00


def test_a_cancel_of_another_message_ends_nothing(own: Door) -> None:
    study, _ = study_of(own)
    with registered_deaf(own, Deafness.NO_ANSWER) as to, line(own) as peer:
        peer.send(moving(study, TITLE, number=3))
        assert to.reached.wait(LONGEST)
        peer.send(cancel(4))
        assert [peer.status(), peer.status()] == [0xFF00, 0xFF00]
        peer.send(cancel(3))
        assert final(peer).number(STATUS) == 0xFE00


@pytest.mark.parametrize("deafness", [Deafness.NO_ANSWER, Deafness.NO_ASSOCIATION, Deafness.ANSWERING_BYTES])
def test_all_of_it_takes_no_longer_than_it_may_though_a_sub_operation_might(tmp_path: Path, deafness: Deafness) -> None:
    with opened(tmp_path, patients=1, images=4, patience=ENDLESS, retrieval=1.0, grace=1) as door:
        study, count = study_of(door)
        with registered_deaf(door, deafness) as to, line(door) as peer:
            peer.send(moving(study, TITLE))
            found = final(peer)
            assert not to.ended.is_set()
            assert found.number(STATUS) == 0xA702
            assert (found.number(COMPLETED), found.number(FAILED)) == (0, count)
            assert found.has_data_set
            assert "ask for what is left" in found.text(commands.ERROR_COMMENT)


def test_a_sub_operation_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1, images=4, patience=ENDLESS, suboperation=0.6, grace=1) as door:
        study, count = study_of(door)
        with registered_deaf(door, Deafness.ANSWERING_BYTES) as to, line(door) as peer:
            peer.send(moving(study, TITLE))
            found = final(peer)
            assert not to.ended.is_set()
            assert (found.number(STATUS), found.number(FAILED)) == (0xA702, count)


def test_others_move_and_are_answered_meanwhile(own: Door) -> None:
    study, _ = study_of(own)
    with registered_deaf(own, Deafness.NO_ANSWER) as to:
        with line(own) as one, line(own) as other:
            one.send(moving(study, TITLE, number=3))
            assert to.reached.wait(LONGEST)
            other.send(moving("1.2.3.4", TITLE, number=3))
            assert final(other).number(STATUS) == 0
            assert good(own)
            one.send(cancel(3))
            assert final(one).number(STATUS) == 0xFE00
        assert not to.ended.is_set()


@pytest.mark.parametrize("deafness", [Deafness.NO_ANSWER, Deafness.NO_ASSOCIATION])
def test_an_inventory_that_is_moved_to_a_deaf_destination_is_cancelled_as_well(own: Door, deafness: Deafness) -> None:
    uid, begun = str(found(own)[0].SOPInstanceUID), int(deafness.begun)
    keys = write_identifier([(0x00080018, "UI", uid)], syntax=EXPLICIT)
    said = command(commands.C_MOVE_RQ, INVENTORY_MOVE, number=3, has=commands.DATA_SET, DESTINATION=TITLE)
    with registered_deaf(own, deafness) as to, line(own, Proposed(1, INVENTORY_MOVE, (EXPLICIT,))) as peer:
        peer.send(message(1, said, keys))
        assert to.reached.wait(LONGEST)
        peer.send(cancel(3, context=1))
        last = final(peer)
        assert not to.ended.is_set()
        assert last.number(STATUS) == 0xFE00
        assert counts(last) == {"completed": 0, "failed": begun, "warned": 0, "remaining": 1 - begun}
        assert peer.released()
