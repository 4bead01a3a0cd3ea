"""Destinations of C-MOVE that do not do as they should."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import C_STORE_RQ, Command, response_to
from dicom_gateway.protocol.encoding import acceptance
from dicom_gateway.protocol.negotiating import Context, asked
from dicom_gateway.protocol.pdus import RELEASE_RESPONSE, abort, reject
from tests.dicom_gateway import raw
from tests.dicom_gateway.raw import LONGEST, Raw


class Manner(StrEnum):
    SILENT = "takes the connection and says nothing"
    REJECTING = "rejects the association"
    DEAF = "takes images and never answers"
    LEAVING = "closes the connection amid the first image"
    ABORTING = "aborts at the first image"
    FULL = "has no room"
    WRONG = "answers what it was not asked"
    VAGUE = "takes all, and answers without a status"
    ENDING = "takes one image and goes"
    GOOD = "takes all"
    WAITING = "takes all, each once it may"


@dataclass
class Destination:
    """`came`: instances, in order. `may`: it answers a C-STORE, where it waits. `ended`: its association has."""

    manner: Manner
    port: int = 0
    came: list[str] = field(default_factory=list)
    first: threading.Event = field(default_factory=threading.Event)
    may: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def serve(self, server: socket.socket) -> None:
        with suppress(OSError):  # closed at the end of the test
            while True:
                made, _ = server.accept()
                with made:
                    made.settimeout(LONGEST)
                    self._associated(Raw(made))
                self.ended.set()

    def _associated(self, line: Raw) -> None:
        request = line.pdu()
        if request is None:
            return
        if self.manner is Manner.SILENT:
            line.rest()
            return
        if self.manner is Manner.REJECTING:
            line.send(reject(1, 1, 7))
            return
        what = asked(request[1])
        contexts = [Context(each.id, each.abstract, each.syntaxes[0]) for each in what.contexts]
        line.send(acceptance(what, contexts, refused={}, extended={}))
        while (found := line.command()) is not None and found.field == C_STORE_RQ:
            self.came.append(found.text(commands.AFFECTED_INSTANCE))
            self.first.set()
            context = next(each.id for each in contexts if each.abstract == found.text(commands.AFFECTED_CLASS))
            if not self._answered(line, found, context):
                return
        line.send(RELEASE_RESPONSE)

    def _answered(self, line: Raw, to: Command, context: int) -> bool:
        if self.manner is Manner.LEAVING or (self.manner is Manner.ENDING and len(self.came) > 1):
            line.vanish()
            return False
        if self.manner is Manner.ABORTING:
            line.send(abort())
            return False
        if self.manner is Manner.DEAF:
            line.rest()
            return False
        if self.manner is Manner.WAITING:
            self.may.wait(LONGEST)
        said = response_to(to, 0xA700 if self.manner is Manner.FULL else 0)
        if self.manner is Manner.WRONG:
            said[commands.RESPONDS_TO] = to.message_id + 1
        if self.manner is Manner.VAGUE:
            del said[commands.STATUS]
        line.send(raw.message(context, said))
        return True


@contextmanager
def destination(manner: Manner) -> Iterator[Destination]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Destination(manner, server.getsockname()[1])
        serving = threading.Thread(target=made.serve, args=(server,), name="destination")
        serving.start()
        try:
            yield made
        finally:
            made.may.set()
            server.shutdown(socket.SHUT_RDWR)
            serving.join(LONGEST)
