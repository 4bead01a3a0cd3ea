"""A peer by its bytes: what no library would send, sent; and what is said to it, as it comes."""

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_gateway.contexts import STUDY_FIND, STUDY_GET, STUDY_MOVE
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import Command, read, written
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.negotiating import Agreed, Asked, Proposed, agreed
from dicom_gateway.protocol.pdus import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    COMMAND,
    LAST,
    P_DATA,
    RELEASE_REQUEST,
    RELEASE_RP,
)
from repository.formats.dicom.identifiers_writing import write_identifier
from tests.builders.dicom import bare, data_set
from tests.dicom_gateway.gateways import CT, EXPLICIT, VERIFICATION, Door

LONGEST = 60.0  # seconds that a test waits for anything; nothing takes so long
ECHO_ID, CT_ID, FIND_ID, GET_ID, MOVE_ID, GIVEN_ID = 1, 3, 5, 7, 9, 11
MR = "1.2.840.10008.5.1.4.1.1.4"
EVERYTHING = (
    Proposed(ECHO_ID, VERIFICATION, (EXPLICIT,)),
    Proposed(CT_ID, MR, (EXPLICIT,)),
    Proposed(FIND_ID, STUDY_FIND, (EXPLICIT,)),
    Proposed(GET_ID, STUDY_GET, (EXPLICIT,)),
    Proposed(MOVE_ID, STUDY_MOVE, (EXPLICIT,)),
    Proposed(GIVEN_ID, CT, (EXPLICIT,)),
)
"""One context of each kind; images of class CT are given to us, those of class MR taken from us."""


def pdu(kind: int, content: bytes, *, length: int | None = None) -> bytes:
    """`length`: as it is said, where that is not so."""
    return struct.pack(">BxI", kind, len(content) if length is None else length) + content


def value(context: int, control: int, content: bytes = b"", *, length: int | None = None) -> bytes:
    said = len(content) + 2 if length is None else length
    return struct.pack(">IBB", said, context, control) + content


def data(*values: bytes) -> bytes:
    return pdu(P_DATA, b"".join(values))


def message(
    context: int, command: Mapping[int, int | str], content: bytes | None = None, *, piece: int = 1 << 14
) -> bytes:
    """A message in as many PDUs as it takes."""
    parts = [data(value(context, COMMAND | LAST, written(command)))]
    if content is not None:
        pieces = [content[at : at + piece] for at in range(0, len(content), piece)] or [b""]
        parts += [data(value(context, 0, each)) for each in pieces[:-1]]
        parts.append(data(value(context, LAST, pieces[-1])))
    return b"".join(parts)


def command(
    of: int, kind: str, *, number: int = 1, has: int = commands.NO_DATA_SET, **more: str
) -> dict[int, int | str]:
    said: dict[int, int | str] = {
        commands.AFFECTED_CLASS: kind, commands.FIELD: of, commands.MESSAGE_ID: number, commands.DATA_SET_TYPE: has,
    }  # fmt: skip
    if of in (commands.C_STORE_RQ, commands.C_FIND_RQ, commands.C_GET_RQ, commands.C_MOVE_RQ):
        said[commands.PRIORITY] = 0
    return said | {int(getattr(commands, name)): each for name, each in more.items()}


def echo(number: int = 1) -> bytes:
    return message(ECHO_ID, command(commands.C_ECHO_RQ, VERIFICATION, number=number))


def cancel(number: int, *, context: int = GET_ID) -> bytes:
    said = {commands.FIELD: commands.C_CANCEL_RQ, commands.RESPONDS_TO: number}
    return message(context, said | {commands.DATA_SET_TYPE: commands.NO_DATA_SET})


def in_pieces(said: bytes) -> dict[str, list[bytes]]:
    """A message of one command set in pieces of which only the last makes it whole."""
    context, content = said[10], said[12:]

    def piece(begin: int, end: int) -> bytes:
        return value(context, COMMAND | (LAST if end >= len(content) else 0), content[begin:end])

    size = len(content)
    return {
        "amid a PDU": [said[:20], said[20:]],
        "in PDUs": [data(piece(0, 9)), data(piece(9, 30)), data(piece(30, size))],
        "in values of a PDU": [data(piece(0, 9), piece(9, 30)), data(piece(30, 31), piece(31, size))],
        "amid a later PDU": [data(piece(0, 9)) + (rest := data(piece(9, size)))[:11], rest[11:]],
        "in bytes": [data(piece(at, at + 1)) for at in range(size)],
    }


def an_instance(seed: int = 1, *, kind: str = MR, instance: int = 1, marker: bytes = b"", size: int = 128) -> Dataset:
    """An image of 8 × 8 pixels, or of `size` bytes of them; `marker` over and over in them."""
    made = data_set(seed, instance=instance)
    made.SOPClassUID = kind
    if size != 128:
        made.Rows, made.Columns = size // 2048, 1024
    if marker or size != 128:
        made.PixelData = ((marker or bytes(range(256))) * (size // len(marker or bytes(256)) + 1))[:size]
    return made


def storing(
    made: Dataset, *, number: int = 1, context: int = CT_ID, content: bytes | None = None, piece: int = 1 << 14
) -> bytes:
    """C-STORE of it; `content`: of its data set, where that is another."""
    said = command(
        commands.C_STORE_RQ, str(made.SOPClassUID), number=number, has=commands.DATA_SET,
        AFFECTED_INSTANCE=str(made.SOPInstanceUID),
    )  # fmt: skip
    return message(context, said, encoded(made) if content is None else content, piece=piece)


def encoded(made: Dataset) -> bytes:
    return bare(made, syntax=ExplicitVRLittleEndian)


def keys(level: str = "STUDY", **uids: str) -> bytes:
    tags = {"study": 0x0020000D, "series": 0x0020000E, "instance": 0x00080018}
    found = [(0x00080052, "CS", level), *((tags[name], "UI", each) for name, each in uids.items())]
    return write_identifier(sorted(found), syntax=EXPLICIT)


def getting(study: str, *, number: int = 1) -> bytes:
    return message(
        GET_ID, command(commands.C_GET_RQ, STUDY_GET, number=number, has=commands.DATA_SET), keys(study=study)
    )


def moving(study: str, to: str, *, number: int = 1, context: int = MOVE_ID, kind: str = STUDY_MOVE) -> bytes:
    said = command(commands.C_MOVE_RQ, kind, number=number, has=commands.DATA_SET, DESTINATION=to)
    return message(context, said, keys(study=study))


def finding(*, number: int = 1) -> bytes:
    said = command(commands.C_FIND_RQ, STUDY_FIND, number=number, has=commands.DATA_SET)
    return message(FIND_ID, said, keys(study=""))


def stored_answer(to: Command, status: int = 0) -> bytes:
    """Our answer to a C-STORE of the archive's."""
    return message(GIVEN_ID, commands.response_to(to, status))


@dataclass
class Raw:
    """A connection."""

    socket: socket.socket
    ended: bool = False
    _held: bytes = b""
    values: list[tuple[int, int, bytes]] = field(default_factory=list)

    def send(self, content: bytes) -> None:
        """As far as anybody takes it."""
        with suppress(OSError):
            self.socket.sendall(content)

    def pdu(self) -> tuple[int, bytes] | None:
        """The next one; None at the end of the connection."""
        while len(self._held) < 6 or len(self._held) < 6 + int.from_bytes(self._held[2:6]):
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionError:
                more = b""
            if not more:
                self.ended = True
                return None
            self._held += more
        end = 6 + int.from_bytes(self._held[2:6])
        found, self._held = (self._held[0], self._held[6:end]), self._held[end:]
        return found

    def rest(self) -> list[tuple[int, bytes]]:
        """All that comes, up to the gateway's last word or the end of the connection."""
        found = []
        while (each := self.pdu()) is not None:
            found.append(each)
            if each[0] in (ASSOCIATE_RJ, RELEASE_RP, ABORT):
                break
        return found

    def command(self) -> Command | None:
        """The next command set; what stands between is left out. None where the association ends instead."""
        parts = b""
        while True:
            while not self.values:
                each = self.pdu()
                if each is None or each[0] != P_DATA:
                    return None
                self.values = list(_values(each[1]))
            _, control, content = self.values.pop(0)
            if control & COMMAND:
                parts += content
                if control & LAST:
                    return read(parts)

    def status(self) -> int | None:
        """Of the next command set."""
        found = self.command()
        return None if found is None else found.number(commands.STATUS)

    def released(self) -> bool:
        """Whether the gateway releases the association as we ask."""
        self.send(RELEASE_REQUEST)
        return [kind for kind, _ in self.rest()][-1:] == [RELEASE_RP]

    def associated(self, *contexts: Proposed, title: str = "PACS", called: str = "EDM-ARCHIVE") -> Agreed:
        what = asking(*contexts, title=title, called=called)
        self.send(request(what))
        answer = self.pdu()
        assert answer is not None
        assert answer[0] == ASSOCIATE_AC, answer
        return agreed(answer[1], what)

    def close(self) -> None:
        self.socket.close()

    def vanish(self) -> None:
        """As a machine that loses its power: no word, and a reset to whoever still asks."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def _values(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        yield content[at + 4], content[at + 5], content[at + 6 : at + 4 + length]
        at += 4 + length


def asking(*contexts: Proposed, title: str = "PACS", called: str = "EDM-ARCHIVE") -> Asked:
    given = contexts or EVERYTHING
    roles = {each.abstract: (False, True) for each in given if each.id == GIVEN_ID}
    return Asked(calling=title, called=called, contexts=given, roles=roles)


@contextmanager
def line(door: "Door | int", *contexts: Proposed, associated: bool = True, title: str = "PACS") -> Iterator[Raw]:
    """A connection to a door, with an association unless told otherwise."""
    port = door if isinstance(door, int) else door.port
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as made:
        found = Raw(made)
        if associated:
            found.associated(*contexts, title=title)
        yield found


def aborted(said: Sequence[tuple[int, bytes]], *, reason: int | None = None) -> bool:
    """Whether the last word was A-ABORT, by the provider for that reason, or by the user."""
    if not said or said[-1][0] != ABORT:
        return False
    return reason is None or said[-1][1][2:4] == bytes((2, reason))


def good(door: "Door | int") -> bool:
    """Whether a peer that does all as it should is answered as it should be."""
    with line(door) as peer:
        peer.send(echo(7))
        found = peer.command()
        return found is not None and found.number(commands.RESPONDS_TO) == 7 and peer.released()
