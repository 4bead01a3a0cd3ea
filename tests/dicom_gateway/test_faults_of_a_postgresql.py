"""A real PostgreSQL behind the door goes away: amid an association, a data set, a retrieval.

Nothing is acknowledged that is not durable, and once it is back the same association goes on.
"""

from itertools import count
from signal import SIGINT, SIGQUIT, Signals

import pytest

from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.protocol.commands import C_STORE_RQ, COMPLETED, FAILED, STATUS
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.pdus import ASSOCIATE_RJ
from dicom_gateway.services.committing import WELL_KNOWN
from tests.dicom_gateway.away import UNAVAILABLE, assert_kept, away, of, stored, told
from tests.dicom_gateway.commitments import asking_for
from tests.dicom_gateway.failing import final
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.raw import (
    Raw,
    an_instance,
    asking,
    echo,
    encoded,
    finding,
    getting,
    good,
    line,
    moving,
    stored_answer,
    storing,
)
from tests.dicom_gateway.remaining import files_held
from tests.dicom_gateway.wrong import images, study_of
from tests.peers.postgres import Postgres


@pytest.fixture
def door(door_on_postgresql: Door) -> Door:
    return door_on_postgresql


def found(peer: Raw) -> tuple[int, str, int]:
    """The last status of a C-FIND with its comment, and how many answers came before it."""
    peer.send(finding())
    for answered in count():
        last = told(peer.command())
        if last[0] & 0xFF00 != 0xFF00:
            return *last, answered
    raise AssertionError("unreachable")


def got(peer: Raw, study: str, *, to: str = "") -> tuple[int, str, int]:
    """The last status of a C-GET, or of a C-MOVE, with its comment, and how many images were given before it."""
    peer.send(moving(study, to) if to else getting(study))
    answer, given = final(peer)
    return *told(answer), given


@pytest.mark.parametrize("how", [SIGINT, SIGQUIT])
def test_amid_an_association_everything_is_refused_and_it_goes_on_once_it_is_back(
    server: Postgres, door: Door, how: Signals
) -> None:
    study, refused = study_of(door), (0xA700, UNAVAILABLE)
    with line(door) as peer:
        assert stored(peer, 1) == (0, "")
        with away(server, how):
            for _ in range(2):  # not as long as a connection is known to be dead alone
                assert stored(peer, 2) == refused
                assert found(peer) == (*refused, 0)
                assert got(peer, study) == (*refused, 0)
                assert got(peer, study, to="DALEKI") == (*refused, 0)
                peer.send(echo())
                assert peer.status() == 0, "the association itself is well"
        assert [stored(peer, each) for each in (2, 1)] == [(0, "")] * 2
        assert found(peer) == (0, "", 1)
        status, _, given = got(peer, study)
        assert (status, given) == (0, images(door))
        assert peer.released()
    assert_kept(door, of(1, 2))


def test_nobody_is_let_in_meanwhile_and_is_told_that_it_will_pass(server: Postgres, door: Door) -> None:
    with away(server), line(door, associated=False) as peer:
        peer.send(request(asking()))
        assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 2, 3, 1)))]
    assert good(door)


def test_an_association_that_did_nothing_meanwhile_has_noticed_nothing(server: Postgres, door: Door) -> None:
    with line(door) as peer:
        with away(server):
            pass
        assert stored(peer, 1) == (0, "")
        assert peer.released()
    assert_kept(door, of(1))


def test_amid_a_data_set_it_is_not_acknowledged_and_is_taken_when_it_is_sent_again(
    server: Postgres, door: Door
) -> None:
    whole = storing(an_instance(1, size=1 << 16))
    with line(door) as peer:
        peer.send(whole[: len(whole) // 2])
        with away(server):
            peer.send(whole[len(whole) // 2 :])
            assert told(peer.command()) == (0xA700, UNAVAILABLE)
        peer.send(whole)
        assert told(peer.command()) == (0, "")
        assert peer.released()
    assert_kept(door, [encoded(an_instance(1, size=1 << 16))])


def test_a_large_image_that_came_before_is_not_left_on_the_disk(server: Postgres, door: Door) -> None:
    large = an_instance(1, size=5 << 20)
    with line(door) as peer:
        assert stored(peer, 2) == (0, "")
        with away(server):
            peer.send(storing(large))
            assert told(peer.command()) == (0xA700, UNAVAILABLE)
            assert files_held(door.archive.settings.home / "spool") == 0
        assert peer.released()
    assert_kept(door, of(2))


def test_amid_a_retrieval_what_is_not_given_is_told_as_failed(server: Postgres, door: Door) -> None:
    """It was permitted and accounted for before: what can be opened without the catalogue may still come."""
    study, every = study_of(door), images(door)
    with line(door) as peer:
        peer.send(getting(study))
        first = peer.command()
        assert first is not None
        assert first.field == C_STORE_RQ
        with away(server):
            peer.send(stored_answer(first))
            last, given = final(peer)
            done, failed = last.number(COMPLETED), last.number(FAILED)
            assert (done, done + failed) == (given + 1, every)
            assert last.number(STATUS) == (0xB000 if failed else 0)
            peer.send(echo())
            assert peer.status() == 0
        status, _, given = got(peer, study)
        assert (status, given) == (0, every)
        assert peer.released()


def test_a_request_for_commitment_is_not_taken_on(server: Postgres, door: Door) -> None:
    made = an_instance(1)
    what = asking_for((str(made.SOPClassUID), str(made.SOPInstanceUID)))
    with line(door) as peer:
        assert stored(peer, 1) == (0, "")
        assert peer.released()
    association = door.associated(COMMITMENT)
    with away(server):
        answer, _ = association.send_n_action(what, 1, COMMITMENT, WELL_KNOWN)
        assert (answer.Status, answer.ErrorComment) == (0x0213, UNAVAILABLE)
    answer, _ = association.send_n_action(what, 1, COMMITMENT, WELL_KNOWN)
    assert answer.Status == 0
    association.release()
