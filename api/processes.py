"""The HTTP door as several processes that answer on one socket; `repository.processes` watches them."""

from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from api.callers.identities import identities_at
from api.listening import bound
from api.settings import HttpSettings
from repository.processes import Crew, Hold
from repository.runtime import Archive
from repository.settings import Settings


@contextmanager
def crew(settings: Settings, http: HttpSettings) -> Iterator[Crew]:
    """`http.processes` processes, whose socket listens. Raises `AddressNotFree`, `IdentityFileWrong`."""
    identities_at(settings.home, told=http.identity)  # told once, here, and not by each that dies of it
    with bound(http) as listening:
        yield Crew(
            name="http",
            count=http.processes,
            run=_answer,
            arguments=(http, listening),
            grace=http.grace,
            imports=("api.serving",),
            let_go=listening.close,
        )


def _answer(archive: Archive, arguments: tuple[HttpSettings, socket], hold: Hold) -> None:
    from api.serving import serve  # the parent only watches: it needs nothing of it

    http, listening = arguments
    serve(archive, http, sockets=[listening], listening=hold.ready, stopped=hold.released)
