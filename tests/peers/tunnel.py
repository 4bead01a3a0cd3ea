"""TLS for programs that have none, as sites do it with stunnel: a port in clear that leads to one with TLS, or back."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

PIECE = 1 << 16
_PATIENCE = 60.0  # seconds
Wrap = Callable[[socket.socket], socket.socket]


def _as_it_is(line: socket.socket) -> socket.socket:
    return line


@contextlib.contextmanager
def into_tls(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """A port in clear; what comes there goes to `port` with TLS, and back."""
    with _tunnel(port, _as_it_is, lambda line: context.wrap_socket(line, server_hostname="127.0.0.1")) as own:
        yield own


@contextlib.contextmanager
def out_of_tls(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """A port with TLS; what comes there goes to `port` in clear, and back."""
    with _tunnel(port, lambda line: context.wrap_socket(line, server_side=True), _as_it_is) as own:
        yield own


@contextlib.contextmanager
def _tunnel(port: int, near: Wrap, far: Wrap) -> Iterator[int]:
    lines: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=_joined, args=(line, port, near, far, lines), name="tunnel")
            threads.append(thread)
            thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept, name="tunnel")
        accepting.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for each in lines:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def _joined(line: socket.socket, port: int, near: Wrap, far: Wrap, lines: list[socket.socket]) -> None:
    """Both directions, until either side ends. By one thread: OpenSSL wants one for a connection."""
    with contextlib.suppress(OSError, ssl.SSLError, ValueError), contextlib.ExitStack() as stack:
        line.settimeout(_PATIENCE)
        here = stack.enter_context(near(line))
        there = stack.enter_context(far(socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)))
        lines += [here, there]
        other = {here: there, there: here}
        while True:
            for each in _ready(here, there):
                part = each.recv(PIECE)
                if not part:
                    return
                other[each].sendall(part)


def _ready(*lines: socket.socket) -> list[socket.socket]:
    """Those with something to be read: deciphered already, or on the wire."""
    held: list[socket.socket] = [each for each in lines if isinstance(each, ssl.SSLSocket) and each.pending()]
    return held or select.select(lines, [], [], _PATIENCE)[0]
