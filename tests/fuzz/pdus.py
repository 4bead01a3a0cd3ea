"""`python -m tests.fuzz.pdus [libFuzzer options]`: what a DICOM peer sends, before and after an association.

Requests and answers for one are read or refused, and nothing else; an association comes to its end, with messages or an
error of ours, whatever its bytes are; a command set that is read is read the same again from what we write of it.
"""

import socket
import sys

import atheris

with atheris.instrument_imports(include=["dicom_gateway.protocol", "pynetdicom.pdu", "pynetdicom.pdu_items"]):
    from dicom_gateway.protocol import commands
    from dicom_gateway.protocol.association import Association
    from dicom_gateway.protocol.encoding import request
    from dicom_gateway.protocol.errors import ConnectionEnds, ProtocolBroken
    from dicom_gateway.protocol.messages import gathering
    from dicom_gateway.protocol.negotiating import Agreed, Asked, Context, Proposed, agreed, asked, discreet
    from dicom_gateway.protocol.wire import Patience, Wire

from tests.fuzz.running import run

CLASS, SYNTAX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
CONTEXTS = {1: Context(1, CLASS, SYNTAX), 3: Context(3, "1.2.3", SYNTAX)}
OURS = Asked(calling="A", called="B", contexts=[Proposed(1, CLASS, (SYNTAX,)), Proposed(3, "1.2.3", (SYNTAX,))])
MOST = 60_000  # bytes, which a pair of sockets holds


def read_request(content: bytes) -> None:
    try:
        found = asked(content)
    except ProtocolBroken:
        return
    assert len({each.id for each in found.contexts}) == len(found.contexts)
    assert all(each.syntaxes and each.abstract for each in found.contexts)


def read_answer(content: bytes) -> None:
    try:
        found = agreed(content, OURS)
    except ProtocolBroken:
        return
    assert found.contexts.keys() <= CONTEXTS.keys()


def read_command(content: bytes) -> None:
    try:
        found = commands.read(content)
    except ValueError:
        return
    assert commands.read(commands.written({commands.FIELD: found.field})).field == found.field


def hear(content: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(content[:MOST])
        theirs.shutdown(socket.SHUT_WR)
        line = Association(Wire(ours, patience=Patience(network=10)), Agreed(contexts=CONTEXTS, longest=0))
        for _ in range(MOST):
            try:
                found = line.receive(gathering, patience=10)
            except ConnectionEnds:
                return
            if found is None:
                return
            assert found.context in CONTEXTS.values()


READERS = (read_request, read_answer, read_command, hear)
BEGINNING = request(OURS)[6:]


def one(data: bytes) -> None:
    """One input: which reader, and what it reads; a request also as changes of one that is as it should be."""
    given = atheris.FuzzedDataProvider(data)
    which = given.ConsumeIntInRange(0, len(READERS))
    if which < len(READERS):
        READERS[which](given.ConsumeBytes(given.remaining_bytes()))
        return
    content = bytearray(BEGINNING)
    while given.remaining_bytes() >= 3:
        content[given.ConsumeIntInRange(0, len(content) - 1)] = given.ConsumeIntInRange(0, 255)
    read_request(bytes(content))


if __name__ == "__main__":
    discreet()
    run(one, sys.argv)
