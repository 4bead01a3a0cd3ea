"""Waiting for one connection without losing sight of another, in the one thread that owns both.

Whoever has something fetched for a peer waits for a third party: `Beside` is the peer's connection meanwhile. One
system call waits for both, so that what the peer says is heard at once, however long the other takes.
"""

import errno
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable

from dicom_gateway.protocol.errors import NotReached

TICK = 0.5  # seconds between looks at the clock while nothing comes
READING, WRITING = select.POLLIN, select.POLLOUT
_ENDED = select.POLLERR | select.POLLHUP | select.POLLNVAL  # reading and writing tell which
_Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
_Found = tuple[socket.AddressFamily, _Address]


class Beside:
    """`look` is called when something comes at `connection`, and once in each `TICK` of waiting. What it raises ends
    the waiting, and is a `ConnectionEnds`; it takes what has come, and waits for nothing itself. `connection` may be
    the very one on which something is sent meanwhile."""

    def __init__(self, connection: int, look: Callable[[], None]) -> None:
        self.connection, self._look = connection, look
        self._looked = time.monotonic()

    def turn(self, *, came: bool = False) -> None:
        now = time.monotonic()
        if came or now - self._looked >= TICK:
            self._looked = now
            self._look()


def ready(own: socket.socket, event: int, *, seconds: float, beside: Beside | None) -> bool:
    """Whether `own` can be read or written within so many seconds, `TICK` at most; looked beside meanwhile."""
    mine = own.fileno()
    asked = {mine: event}
    if beside is not None:
        asked[beside.connection] = asked.get(beside.connection, 0) | READING
    poll = select.poll()
    for number, events in asked.items():
        poll.register(number, events)
    found = dict(poll.poll(1000 * max(0.0, min(seconds, TICK))))
    if beside is not None:
        beside.turn(came=bool(found.get(beside.connection, 0) & ~WRITING))
    return bool(found.get(mine, 0) & (event | _ENDED))


def connected(host: str, port: int, *, seconds: float, beside: Beside | None) -> socket.socket:
    """A connection to the host, that does not block. Each of its addresses is tried for its share of the time. Raises
    `NotReached`, and what `beside` raises."""
    until = time.monotonic() + seconds
    found = _addresses(host, port, until=until, beside=beside)
    for at, (family, address) in enumerate(found):
        now = time.monotonic()
        made = _tried(family, address, until=now + (until - now) / (len(found) - at), beside=beside)
        if made is not None:
            return made
    raise NotReached


def _tried(
    family: socket.AddressFamily, address: _Address, *, until: float, beside: Beside | None
) -> socket.socket | None:
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        there = _reached(made, address, until=until, beside=beside)
    except OSError:
        there = False
    except BaseException:
        made.close()
        raise
    if there:
        return made
    made.close()
    return None


def _reached(made: socket.socket, address: _Address, *, until: float, beside: Beside | None) -> bool:
    made.settimeout(0)
    if made.connect_ex(address) not in (0, errno.EINPROGRESS):
        return False
    while not ready(made, WRITING, seconds=until - time.monotonic(), beside=beside):
        if time.monotonic() > until:
            return False
    return made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def shaken(connection: ssl.SSLSocket, *, seconds: float, beside: Beside | None) -> None:
    """Hands were shaken on a connection that does not block. Raises `TimeoutError`, `OSError`, and what `beside`
    raises."""
    until = time.monotonic() + seconds
    while True:
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            event = READING
        except ssl.SSLWantWriteError:
            event = WRITING
        else:
            return
        ready(connection, event, seconds=until - time.monotonic(), beside=beside)
        if time.monotonic() > until:
            raise TimeoutError


def _addresses(host: str, port: int, *, until: float, beside: Beside | None) -> list[_Found]:
    """A name is asked for in a thread of its own: the system's resolver has a patience of its own, and cannot be
    interrupted. Raises `NotReached`."""
    try:
        return _resolved(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):  # a name; or what cannot be one, as the thread will find
        pass
    found: list[_Found] = []

    def resolve() -> None:
        try:
            found.extend(_resolved(host, port))
        except (OSError, UnicodeError):
            return

    asking = threading.Thread(target=resolve, name="resolver", daemon=True)
    asking.start()
    while asking.is_alive() and time.monotonic() < until:
        asking.join(TICK / 10)
        if beside is not None:
            beside.turn(came=True)
    if not found:
        raise NotReached
    return list(found)


def _resolved(host: str, port: int, flags: int = 0) -> list[_Found]:
    return [
        (family, address) for family, *_, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, flags)
    ]
