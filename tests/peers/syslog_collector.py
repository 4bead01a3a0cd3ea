"""A collector of syslog over TLS (RFC 5425) on loopback, which may be told to behave badly."""

import re
import socket
import ssl
import struct
import threading
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.builders.certificates import LOOPBACK, Pair

_FRAME = re.compile(rb"([1-9][0-9]*) ")
_GIVE_UP = 20.0


class Manner(Enum):
    GOOD = auto()  # reads all, answers the end
    HANGS_UP = auto()  # reads all, closes the connection without a word
    DIES = auto()  # reads a part, and the connection is reset
    MUTE = auto()  # takes the connection and never speaks
    DEAF = auto()  # shakes hands and never reads


class SyslogCollector:
    """`received` are the messages of all connections in order; of one that died, those that were read whole."""

    def __init__(self, pair: Pair, *, clients: Path | None = None, newest: ssl.TLSVersion | None = None) -> None:
        self.received: list[bytes] = []
        self.connections = 0
        self.manner = Manner.GOOD
        self.dies_after = 0  # octets
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate, pair.key)
        if newest is not None:
            self._context.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL itself has no such old version
            self._context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            self._context.maximum_version = newest
        if clients is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients)
        self._ended = threading.Event()
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        with suppress(OSError):
            socket.create_connection((LOOPBACK, self.port), timeout=1).close()  # wakes `accept`
        self._thread.join(_GIVE_UP)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            plain, _ = self._listening.accept()
            with plain:
                if self._ended.is_set():
                    return
                self.connections += 1
                plain.settimeout(_GIVE_UP)
                with suppress(OSError):
                    self._attend(plain)

    def _attend(self, plain: socket.socket) -> None:
        if self.manner is Manner.MUTE:
            self._until_they_leave(plain)
            return
        with self._context.wrap_socket(plain, server_side=True) as line:
            if self.manner is Manner.DEAF:
                self._until_they_leave(line)
            elif self.manner is Manner.DIES:
                self._take(_read(line, self.dies_after))
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self._take(_read(line, None))
                if self.manner is Manner.GOOD:
                    line.unwrap()

    def _until_they_leave(self, line: socket.socket) -> None:
        """Reads nothing for as long as the other side stays."""
        watched = socket.socket(fileno=socket.dup(line.fileno()))
        with watched:
            watched.settimeout(0.02)
            for _ in range(int(_GIVE_UP / 0.02)):
                if self._ended.wait(0.02) or _gone(watched):
                    return

    def _take(self, octets: bytes) -> None:
        while match := _FRAME.match(octets):
            length, start = int(match[1]), match.end()
            if len(octets) < start + length:
                return
            self.received.append(octets[start : start + length])
            octets = octets[start + length :]


def _gone(line: socket.socket) -> bool:
    """The other side closed: the state of the connection is not ESTABLISHED (1) any more (Linux, TCP_INFO)."""
    return line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1


def _read(line: ssl.SSLSocket, most: int | None) -> bytes:
    octets = b""
    while most is None or len(octets) < most:
        part = line.recv(65536 if most is None else min(65536, most - len(octets)))
        if not part:
            break
        octets += part
    return octets
