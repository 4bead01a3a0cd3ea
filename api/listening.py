"""The socket at which the door listens."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import AddressNotFree
from api.settings import HttpSettings

BACKLOG = 2048


@contextmanager
def bound(http: HttpSettings) -> Iterator[socket.socket]:
    """A socket at the address, for one process or several to take connections from. Raises `AddressNotFree`."""
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((http.host, http.port))
            made.listen(BACKLOG)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise AddressNotFree(address=f"{http.host}:{http.port}", reason=reason) from error
        yield made
