"""Destinations that are deaf at some point, and stay so until they are woken or the test ends."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

from dicom_gateway.protocol.encoding import acceptance
from dicom_gateway.protocol.negotiating import Context, asked
from tests.dicom_gateway.raw import LONGEST, Raw

_SMALL = 4096  # bytes that the system holds for us: less than any image


class Deafness(Enum):
    """At what; `begun`: an image is on its way then."""

    NO_CONNECTION = "its queue of connections is full", False
    NO_ASSOCIATION = "takes the connection and reads nothing", False
    NO_HANDSHAKE = "takes the connection and shakes no hands", False
    ASSOCIATING_BYTES = "says a byte of its answer now and then", False
    NO_ANSWER = "takes an image and answers nothing", True
    ANSWERING_BYTES = "says a byte of its answer to an image now and then", True
    READING_NOTHING = "takes the association and reads nothing more", True
    READING_BYTES = "takes a byte of an image now and then", True

    def __init__(self, what: str, begun: bool) -> None:
        self.what, self.begun = what, begun


@dataclass
class Deaf:
    """`reached`: it is deaf now. `ended`: it is so no longer. `heard`: PDUs that came after it was woken."""

    deafness: Deafness
    server: socket.socket
    host: str = "127.0.0.1"
    reached: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    heard: list[int] = field(default_factory=list)
    _woken: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    @property
    def tls(self) -> bool:
        return self.deafness is Deafness.NO_HANDSHAKE

    def wake(self) -> None:
        self._woken.set()

    def serve(self) -> None:
        with suppress(OSError):
            made, _ = self.server.accept()
            with made:
                made.settimeout(LONGEST)
                self._spoken(Raw(made))
        self.ended.set()

    def _spoken(self, line: Raw) -> None:
        if self.deafness in (Deafness.NO_ASSOCIATION, Deafness.NO_HANDSHAKE):
            self._deaf(line)
            return
        request = line.pdu()
        if request is None:
            return
        what = asked(request[1])
        contexts = [Context(each.id, each.abstract, each.syntaxes[0]) for each in what.contexts]
        answer = acceptance(what, contexts, refused={}, extended={})
        if self.deafness is Deafness.ASSOCIATING_BYTES:
            self._deaf(line, said=answer)
            return
        line.send(answer)
        if self.deafness in (Deafness.NO_ANSWER, Deafness.ANSWERING_BYTES):
            line.command()
        else:
            line.socket.recv(100)  # the beginning of it
        self._deaf(line, said=bytes((4, 0, 0, 0, 255, 255, *bytes(255))))

    def _deaf(self, line: Raw, *, said: bytes = b"") -> None:
        speaks = self.deafness in (Deafness.ASSOCIATING_BYTES, Deafness.ANSWERING_BYTES)
        for at in range(int(LONGEST / 0.05)):
            if speaks:
                line.send(said[at : at + 1])
            elif self.deafness is Deafness.READING_BYTES:
                line.socket.recv(1)
            self.reached.set()
            if self._woken.wait(0.05):
                break
        if self.deafness is Deafness.NO_ANSWER:
            while (each := line.pdu()) is not None:
                self.heard.append(each[0])


@contextmanager
def deaf(deafness: Deafness) -> Iterator[Deaf]:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        server.bind(("127.0.0.1", 0))
        server.listen(0 if deafness is Deafness.NO_CONNECTION else 1)
        made = Deaf(deafness, server)
        if deafness is Deafness.NO_CONNECTION:
            with _full(made):
                made.reached.set()
                yield made
            return
        serving = threading.Thread(target=made.serve, name="deaf")
        serving.start()
        try:
            yield made
        finally:
            made.wake()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            serving.join(LONGEST)


@contextmanager
def _full(to: Deaf) -> Iterator[None]:
    """So many have connected that the system takes no other: whoever tries waits as for a dead address."""
    waiting = []
    try:
        for _ in range(4):
            made = socket.socket()
            made.setblocking(False)
            made.connect_ex((to.host, to.port))
            waiting.append(made)
        yield
    finally:
        for each in waiting:
            each.close()
