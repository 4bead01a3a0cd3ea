"""kill -9 of a real PostgreSQL while peers store: all that was acknowledged is there, and the peers go on."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from tests.dicom_gateway.away import UNAVAILABLE, assert_kept, kill, of, stored
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.kept import data_sets
from tests.dicom_gateway.raw import (
    LONGEST,
    Raw,
    line,
)
from tests.peers.postgres import Postgres

ASSOCIATIONS, EACH = 3, 12


@pytest.fixture
def door(door_on_postgresql: Door) -> Door:
    return door_on_postgresql


@dataclass
class Sending:
    """What peers send until all of it is acknowledged; `begun`: some was, `refused`: some was not."""

    acknowledged: set[int] = field(default_factory=set)
    told: set[tuple[int, str]] = field(default_factory=set)
    faults: list[BaseException] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    refused: threading.Event = field(default_factory=threading.Event)

    def send(self, port: int, instances: Collection[int]) -> None:
        try:
            with line(port) as peer:
                for each in instances:
                    self._one(peer, each)
                assert peer.released()
        except BaseException as error:  # noqa: BLE001  told in the thread of the test
            self.faults.append(error)
            self.begun.set()
            self.refused.set()

    def _one(self, peer: Raw, instance: int) -> None:
        for _ in range(600):
            answer = stored(peer, instance)
            self.told.add(answer)
            if answer[0] == 0:
                self.acknowledged.add(instance)
                if len(self.acknowledged) > ASSOCIATIONS:
                    self.begun.set()
                return
            self.refused.set()
            threading.Event().wait(0.05)
        raise AssertionError("it never came back")


@pytest.mark.parametrize("times", [1, 3])
def test_killed_amid_stores_everything_acknowledged_is_there_and_the_peers_go_on(
    server: Postgres, door: Door, times: int
) -> None:
    sending = Sending()
    shares = [range(first, ASSOCIATIONS * EACH + 1, ASSOCIATIONS) for first in range(1, ASSOCIATIONS + 1)]
    peers = [threading.Thread(target=sending.send, args=(door.port, each)) for each in shares]
    for each in peers:
        each.start()
    for _ in range(times):
        assert sending.begun.wait(LONGEST)
        kill(server)
        so_far = set(sending.acknowledged)
        sending.refused.clear()
        if any(each.is_alive() for each in peers):
            sending.refused.wait(1)
        server.start()
        kept = data_sets(door)
        assert set(of(*so_far)) <= set(kept), "acknowledged, and not there"
    for each in peers:
        each.join(LONGEST)
    assert sending.faults == []
    assert sending.told <= {(0, ""), (0xA700, UNAVAILABLE)}
    assert len(sending.told) == 2, "it was killed, and nobody noticed"
    assert sending.acknowledged == set(range(1, ASSOCIATIONS * EACH + 1))
    assert_kept(door, of(*sending.acknowledged))
