"""A PostgreSQL behind the door that is stopped or killed, and what must hold of what was stored meanwhile."""

import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGQUIT, Signals

from dicom_gateway.protocol.commands import ERROR_COMMENT, STATUS, Command
from repository.intake import statement_of
from repository.transfer.closing import close_transfer
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.homes import assert_no_orphans
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.kept import data_sets
from tests.dicom_gateway.raw import (
    Raw,
    an_instance,
    encoded,
    storing,
)
from tests.peers.postgres import Postgres

UNAVAILABLE = "CAT-005"


@contextmanager
def away(server: Postgres, how: Signals = SIGQUIT) -> Iterator[None]:
    server.stop(how)
    try:
        yield
    finally:
        server.start()


def kill(server: Postgres) -> None:
    """All of its processes at once, as when its machine stops; none of them is left."""
    whole = server._server
    assert whole is not None
    every = [int(each) for each in Path(f"/proc/{whole.pid}/task/{whole.pid}/children").read_text().split()]
    server.stop(SIGKILL)
    for each in every:
        with suppress(ProcessLookupError):
            os.kill(each, SIGKILL)
    for _ in range(600):
        if not any(map(alive, every)):
            return
        threading.Event().wait(0.05)
    raise AssertionError("some of them go on")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stored(peer: Raw, instance: int) -> tuple[int, str]:
    """The status of a C-STORE, and its comment."""
    peer.send(storing(an_instance(1, instance=instance)))
    return told(peer.command())


def told(answer: Command | None) -> tuple[int, str]:
    assert answer is not None, "the association ended"
    return answer.number(STATUS), answer.text(ERROR_COMMENT)


def of(*instances: int) -> list[bytes]:
    return [encoded(an_instance(1, instance=each)) for each in instances]


def assert_kept(door: Door, contents: Collection[bytes]) -> None:
    """These data sets and no others, each opened and proven; nothing lies there that nobody knows of."""
    kept = data_sets(door)
    assert (len(kept), set(kept)) == (len(contents), set(contents))
    takeover = close_transfer(door.archive, door.open_one)
    tally = statement_of(door.archive, takeover).tally
    assert (tally.holdings, tally.balances) == (len(contents), True)
    assert_no_orphans(door.archive, takeover)
    assert list(door.archive.log.audit()) == []
    assert list(verify(door.archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
