"""C-MOVE to destinations that are dead, deaf or go away: told with the UIDs that failed, and nobody else waits."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dicom_gateway.protocol.commands import COMPLETED, FAILED, REMAINING, STATUS, Command
from dicom_gateway.protocol.pdus import abort
from repository.peers.registering import register, remove
from tests.dicom_gateway.destinations import Destination, Manner, destination
from tests.dicom_gateway.gateways import PATIENT, Door, named, opened
from tests.dicom_gateway.raw import LONGEST, Raw, cancel, good, line, moving
from tests.dicom_gateway.remaining import none_left
from tests.dicom_gateway.tempers import Temper

TITLE = "DALEKI"


@pytest.fixture(scope="module")
def temper() -> Temper:
    return Temper(PATIENT)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, temper: Temper) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("moving"), patients=1, images=4, patience=temper) as door:
        yield door


def study_of(door: Door) -> tuple[str, int]:
    """One, and how many images it has."""
    assert door.sample is not None
    facts = [each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number)]
    uids = [each.study_instance_uid for each in facts if each is not None]
    return uids[0], uids.count(uids[0])


@pytest.fixture
def to(own: Door, request: pytest.FixtureRequest) -> Iterator[Destination]:
    with destination(request.param) as made:
        register(own.archive, named(own.peer, TITLE, host="127.0.0.1", port=made.port))
        yield made
        remove(own.archive, TITLE)


def final(peer: Raw) -> Command:
    while (found := peer.command()) is not None and found.number(STATUS) == 0xFF00:
        continue
    assert found is not None
    return found


DEAD = [each for each in Manner if each not in (Manner.ENDING, Manner.GOOD, Manner.WAITING)]
ENOUGH = {Manner.SILENT: replace(PATIENT, acse=2), Manner.DEAF: replace(PATIENT, dimse=0.6)}
"""What ends where nothing comes; the others do something at once, and end it themselves."""


@pytest.mark.parametrize("to", DEAD, indirect=True)
def test_a_destination_that_takes_nothing_is_told_of_and_holds_up_nobody(
    own: Door, temper: Temper, to: Destination
) -> None:
    study, count = study_of(own)
    with line(own) as peer, temper.being(ENOUGH.get(to.manner, PATIENT)):
        peer.send(moving(study, TITLE))
        assert [good(own) for _ in range(3)] == [True] * 3
        found = final(peer)
        assert (found.number(STATUS), found.number(FAILED), found.number(COMPLETED)) == (0xA702, count, 0)
        assert found.has_data_set
        assert peer.released()
    whole = to.manner in (Manner.FULL, Manner.VAGUE)
    assert len(to.came) == (count if whole else to.manner not in (Manner.SILENT, Manner.REJECTING))
    assert none_left()


@pytest.mark.parametrize("to", [Manner.ENDING], indirect=True)
def test_what_a_destination_took_before_it_went_is_counted(own: Door, to: Destination) -> None:
    study, count = study_of(own)
    with line(own) as peer:
        peer.send(moving(study, TITLE))
        found = final(peer)
        assert (found.number(STATUS), found.number(FAILED), found.number(COMPLETED)) == (0xB000, count - 1, 1)
        assert peer.released()
    assert len(to.came) == 2


@pytest.mark.parametrize("to", [Manner.WAITING], indirect=True)
@pytest.mark.parametrize("end", ["aborts", "closes", "vanishes"])
def test_a_peer_that_goes_amid_its_move_ends_it(own: Door, to: Destination, end: str) -> None:
    study, count = study_of(own)
    with line(own) as peer:
        peer.send(moving(study, TITLE))
        assert to.first.wait(LONGEST)
        if end == "aborts":
            peer.send(abort())
        elif end == "vanishes":
            peer.vanish()
    to.may.set()
    assert to.ended.wait(LONGEST)
    assert none_left()
    assert len(to.came) < count
    assert good(own)


@pytest.mark.parametrize("to", [Manner.WAITING], indirect=True)
def test_a_move_that_is_cancelled_stops_and_tells_what_remains(own: Door, to: Destination) -> None:
    study, count = study_of(own)
    with line(own) as peer:
        peer.send(moving(study, TITLE, number=3))
        assert to.first.wait(LONGEST)
        peer.send(cancel(3))
        to.may.set()
        found = final(peer)
        done = found.number(COMPLETED)
        assert found.number(STATUS) == 0xFE00
        assert done == len(to.came) == 1
        assert found.number(REMAINING) == count - done
        assert peer.released()


@pytest.mark.parametrize("to", [Manner.DEAF], indirect=True)
def test_many_who_move_to_one_that_is_deaf_wait_for_it_alone(own: Door, temper: Temper, to: Destination) -> None:
    study, count = study_of(own)
    with line(own) as one, line(own) as other, temper.being(ENOUGH[Manner.DEAF]):
        for peer in (one, other):
            peer.send(moving(study, TITLE))
        assert good(own)
        assert [final(peer).number(FAILED) for peer in (one, other)] == [count, count]
    assert len(to.came) <= 2


@pytest.mark.parametrize("to", [Manner.GOOD], indirect=True)
def test_a_destination_that_does_as_it_should_gets_all(own: Door, to: Destination) -> None:
    study, count = study_of(own)
    with line(own) as peer:
        peer.send(moving(study, TITLE))
        found = final(peer)
        assert (found.number(STATUS), found.number(COMPLETED), len(to.came)) == (0, count, count)
        assert peer.released()


@pytest.mark.parametrize("host", ["pacs..example", "x" * 70, "nobody.invalid"])
def test_a_host_name_that_is_none_is_a_destination_that_is_not_there(own: Door, host: str) -> None:
    study, count = study_of(own)
    register(own.archive, named(own.peer, TITLE, host=host, port=104))
    try:
        with line(own) as peer:
            peer.send(moving(study, TITLE))
            found = final(peer)
            assert (found.number(STATUS), found.number(FAILED)) == (0xA702, count)
            assert peer.released()
    finally:
        remove(own.archive, TITLE)
