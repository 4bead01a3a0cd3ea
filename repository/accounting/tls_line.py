"""One TLS connection on which only we speak, and whose end is answered or not.

`ssl.SSLSocket.unwrap` takes a fatal alert for the answer to close_notify: OpenSSL marks both as the end of reading.
Here the octets go through our hands, so that what is read after our close_notify is told apart.
"""

import socket
import ssl
from contextlib import suppress
from time import monotonic

AT_ONCE = 1 << 16


class TlsLine:
    """The handshake is done and the other side's certificate is good for `host`. Raises OSError, which SSLError is one
    of; TimeoutError where it took longer than `seconds`."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, *, host: str, seconds: float) -> None:
        self._plain = plain
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        until = monotonic() + seconds
        try:
            while True:
                try:
                    self._tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    self._flush(until)
                    self._receive(until)
        except ssl.SSLError:
            with suppress(OSError):
                self._flush(until)  # the alert that says why
            raise
        self._flush(until)

    def write(self, octets: bytes, *, seconds: float) -> None:
        """All of `octets` are with the system; OSError, TimeoutError as above."""
        self._tls.write(octets)
        self._flush(monotonic() + seconds)

    def close_answered(self, *, seconds: float) -> None:
        """The other side has answered our close_notify by its own, and so its TLS has handed over all that we wrote.
        OSError if the connection ends in any other way, TimeoutError if there is no answer."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()  # nothing is fed in, so this only writes
        until = monotonic() + seconds
        self._flush(until)
        if self._heard(until):
            raise ConnectionAbortedError("spoken to")

    def stays_silent(self, *, seconds: float) -> bool:
        """Whether the other side neither ended the connection nor complained for so long. OSError if it complained."""
        try:
            return self._heard(monotonic() + seconds)
        except TimeoutError:
            return True

    def _heard(self, until: float) -> bool:
        """True if data came, False if close_notify did; OSError, TimeoutError as above."""
        while True:
            try:
                return bool(self._tls.read(1))
            except ssl.SSLWantReadError:
                self._receive(until)
            except ssl.SSLZeroReturnError:
                return False

    def _flush(self, until: float) -> None:
        self._plain.settimeout(_left(until))
        self._plain.sendall(self._out.read())  # in all no longer than the time-out

    def _receive(self, until: float) -> None:
        self._plain.settimeout(_left(until))
        octets = self._plain.recv(AT_ONCE)
        if not octets:
            raise ConnectionResetError("hung up")
        self._in.write(octets)


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
