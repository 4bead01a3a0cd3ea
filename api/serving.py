"""The door, listening: TLS where it has a certificate, running answers finished when it is stopped.

`serve` is one process. `api.processes` starts several of them on one socket.
"""

import asyncio
import logging
import signal
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from socket import socket

import uvicorn

from api.connections import patient
from api.door import door
from api.listening import bound
from api.logs import discreet
from api.settings import HttpSettings
from repository.processes import SIGNALS
from repository.runtime import Archive
from storage.memory import settle

IDLE = 30  # seconds that a connection is kept without a request
CONNECTIONS = 2000  # of one process; others are told to come back
OVERTIME = 5  # seconds in which answers without a connection end by themselves


def serve(
    archive: Archive,
    settings: HttpSettings,
    *,
    listening: Callable[[], None] = lambda: None,
    sockets: Sequence[socket] = (),
    stopped: Callable[[Callable[[], None]], None] = lambda _stop: None,
) -> None:
    """Serves until a signal (SIGTERM, SIGINT), and returns once the last answer is given, or after the grace.

    `listening` is told when requests are taken; `stopped` is given what ends the serving like a signal. Without
    `sockets` it listens at the address of the settings. Raises `AddressNotFree`, `IdentityFileWrong`.
    """
    server = Server(configuration(archive, settings), listening, grace=settings.grace)
    stopped(server.stop)
    settle()
    with ExitStack() as stack:
        server.run(list(sockets) or [stack.enter_context(bound(settings))])


def configuration(archive: Archive, settings: HttpSettings) -> uvicorn.Config:
    discreet()
    return uvicorn.Config(
        door(archive, settings),
        host=settings.host,
        port=settings.port,
        http=patient(settings.patience),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,  # `api.requests` has its own, without paths
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=settings.grace + OVERTIME,  # `Server.shutdown` is there before it
        ssl_certfile=str(settings.certificate) if settings.certificate else None,
        ssl_keyfile=str(settings.key) if settings.key else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        ssl_ca_certs=str(settings.client_ca) if settings.client_ca else None,
        # Optional: people come with tokens. A certificate that is shown has to hold; the handshake fails else.
        ssl_cert_reqs=ssl.CERT_OPTIONAL if settings.client_ca else ssl.CERT_NONE,
    )


class Server(uvicorn.Server):
    """One that returns after a signal, so that whoever called it closes what it opened."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None], *, grace: float) -> None:
        super().__init__(config)
        self._listening, self._grace = listening, grace

    def stop(self) -> None:
        """As a first signal does: no new connection, and running answers are finished."""
        self.should_exit = True

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            try:
                self._listening()
            except BaseException:  # what the application has begun, threads among it, would keep the process alive
                await self.shutdown(sockets)
                raise

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Answers that outlast the grace are cut off, as if their clients had gone.

        uvicorn's own grace ends otherwise: it cancels what answers, but leaves the connections, whose clients may read
        nothing, and goes on to close the application under requests that have not ended. So theirs comes later.
        """
        cutting = asyncio.get_running_loop().call_later(self._grace, self._cut)
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()
            self._cut()  # also where a second signal did not wait

    def _cut(self) -> None:
        for each in list(self.server_state.connections):
            each.transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The first signal stops gracefully, a second SIGINT at once. It is not raised again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
