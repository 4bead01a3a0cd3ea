"""Conversations of pynetdicom's SCU with a door, as they were; changed by chance, and held with it again.

A turn is what a peer says between two answers. Replayed, a peer waits a moment for an answer before its next turn, for
what comes too early is another fault than what is wrong.
"""

import random
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from pydicom import Dataset
from pynetdicom import evt

from dicom_gateway.contexts import STUDY_FIND, STUDY_GET, STUDY_MOVE
from dicom_gateway.protocol.pdus import ABORT, ASSOCIATE_RJ, RELEASE_RP
from tests.builders.dicom import part10
from tests.dicom_gateway.gateways import CT, VERIFICATION, Door
from tests.dicom_gateway.markers import marked
from tests.dicom_gateway.raw import LONGEST, Raw

Turns = list[bytes]
_INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF)
_LENGTHS = (0, 1, 2, 5, 0xFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
_MOMENT = 0.02  # seconds


@dataclass
class Recorder:
    """Between one peer and the door; `turns`: of the peer."""

    door: int
    port: int = 0
    turns: Turns = field(default_factory=list)

    def serve(self, server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer, socket.create_connection(("127.0.0.1", self.door)) as gateway:
            answered = True
            while True:
                ready, _, _ = select.select([peer, gateway], [], [], LONGEST)
                for each in ready:
                    content = each.recv(1 << 16)
                    if not content:
                        return
                    (gateway if each is peer else peer).sendall(content)
                    if each is gateway:
                        answered = True
                    elif answered:
                        self.turns.append(content)
                        answered = False
                    else:
                        self.turns[-1] += content


@contextmanager
def recording(door: Door) -> Iterator[tuple[Door, Recorder]]:
    """The door as it is reached through a recorder, for one association."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        recorder = Recorder(door.port, server.getsockname()[1])
        serving = threading.Thread(target=recorder.serve, args=(server,), name="recorder")
        serving.start()
        yield replace(door, port=recorder.port), recorder
        serving.join(LONGEST)


def recorded(door: Door, *, study: str) -> list[Turns]:
    """One conversation for each service."""
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", study
    found = []
    for talk in (_echoing, _storing, _finding, _getting, _moving):
        with recording(door) as (through, recorder):
            talk(through, keys)
        found.append(recorder.turns)
    return found


def _echoing(door: Door, _keys: Dataset) -> None:
    association = door.associated(VERIFICATION)
    association.send_c_echo()
    association.release()


def _storing(door: Door, _keys: Dataset) -> None:
    association = door.associated(CT)
    for each in (1, 2):
        made = marked(each, kind=CT, instance=each, size=1 << 13)
        part10(made)  # gives it its meta information
        association.send_c_store(made)
    association.release()


def _finding(door: Door, keys: Dataset) -> None:
    association = door.associated(STUDY_FIND)
    list(association.send_c_find(keys, STUDY_FIND))
    association.release()


def _getting(door: Door, keys: Dataset) -> None:
    association = door.getting(CT, model=STUDY_GET)
    association.bind(evt.EVT_C_STORE, lambda _: 0)
    list(association.send_c_get(keys, STUDY_GET))
    association.release()


def _moving(door: Door, keys: Dataset) -> None:
    association = door.associated(STUDY_MOVE)
    list(association.send_c_move(keys, "NIEZNANY", STUDY_MOVE))
    association.release()


def starts(content: bytes | bytearray) -> list[int]:
    """Of PDUs."""
    at, found = 0, []
    while at + 6 <= len(content):
        found.append(at)
        at += 6 + int.from_bytes(content[at + 2 : at + 6])
    return found


def mutated(turns: Turns, others: Sequence[Turns], chance: random.Random) -> Turns:
    """With one to four changes."""
    made = list(turns)
    for _ in range(chance.randint(1, 4)):
        chance.choice(_CHANGES)(made, others, chance)
    return [each for each in made if each]


def _pick(turns: Turns, chance: random.Random) -> int:
    return chance.randrange(len(turns)) if turns else turns.append(b"\4") or 0  # type: ignore[func-returns-value]


def _bytes(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    """Some bytes are others; mostly such as say how long something is."""
    at = _pick(turns, chance)
    content = bytearray(turns[at])
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content)) if chance.random() < 0.4 else chance.randrange(min(400, len(content)))
        content[place] = chance.choice(_INTERESTING) if chance.random() < 0.5 else chance.randrange(256)
    turns[at] = bytes(content)


def _lengths(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    """A PDU, or its first value, says that it is longer or shorter."""
    at = _pick(turns, chance)
    content = bytearray(turns[at])
    place = chance.choice(starts(content) or [0]) + chance.choice((2, 6))
    content[place : place + 4] = chance.choice(_LENGTHS).to_bytes(4, "big")
    turns[at] = bytes(content)


def _cut(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    at = _pick(turns, chance)
    turns[at] = turns[at][: chance.randrange(len(turns[at]) or 1)] or b"\0"


def _without(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    at = _pick(turns, chance)
    start = chance.randrange(len(turns[at]))
    turns[at] = turns[at][:start] + turns[at][start + chance.randint(1, 64) :] or b"\0"


def _more(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    at = _pick(turns, chance)
    start = chance.choice([*starts(turns[at]), chance.randrange(len(turns[at]))])
    turns[at] = turns[at][:start] + chance.randbytes(chance.randint(1, 64)) + turns[at][start:]


def _twice(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    at = _pick(turns, chance)
    turns.insert(chance.randint(0, len(turns)), turns[at])


def _swapped(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    one, other = _pick(turns, chance), _pick(turns, chance)
    turns[one], turns[other] = turns[other], turns[one]


def _foreign(turns: Turns, others: Sequence[Turns], chance: random.Random) -> None:
    """A turn, or PDUs of one, from another conversation."""
    source = chance.choice(chance.choice(others))
    at, start = _pick(turns, chance), chance.choice(starts(source) or [0])
    turns[at] = chance.choice((source, turns[at] + source[start:], source[start:] + turns[at]))


def _missing(turns: Turns, _others: Sequence[Turns], chance: random.Random) -> None:
    if len(turns) > 1:
        turns.pop(_pick(turns, chance))


_CHANGES: tuple[Callable[[Turns, Sequence[Turns], random.Random], None], ...] = (
    _bytes, _bytes, _bytes, _lengths, _lengths, _cut, _without, _more, _twice, _swapped, _foreign, _missing,
)  # fmt: skip


def replayed(port: int, turns: Turns, *, closing: bool) -> bool:
    """Whether the gateway had a last word, or closed the connection, as the peer had ended or (not `closing`) when it
    waited long enough for more."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as made:
        peer = Raw(made)
        for each in turns:
            peer.send(each)
            select.select([made], [], [], _MOMENT)
        if closing:
            with suppress(OSError):
                made.shutdown(socket.SHUT_WR)
        try:
            said = peer.rest()
        except TimeoutError:
            return False
        return peer.ended or said[-1][0] in (ASSOCIATE_RJ, RELEASE_RP, ABORT)
