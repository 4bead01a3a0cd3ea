"""The door, listening: one process, TLS where it has a certificate, running answers finished when it is stopped."""

import logging
import ssl
from collections.abc import Callable

import uvicorn

from api.door import door
from api.settings import HttpSettings
from repository.runtime import Archive

GRACE = 30  # seconds that running answers have when the door is closed
IDLE = 30  # seconds that a connection is kept without a request


def serve(archive: Archive, settings: HttpSettings, *, listening: Callable[[str], None] = lambda _url: None) -> None:
    """Serves until a signal (SIGTERM, SIGINT); `listening` is told the address once requests are taken."""
    _Server(configuration(archive, settings), lambda: listening(settings.url)).run()


def configuration(archive: Archive, settings: HttpSettings) -> uvicorn.Config:
    return uvicorn.Config(
        door(archive, settings),
        host=settings.host,
        port=settings.port,
        http="httptools",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,  # `api.requests` has its own, without paths
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=str(settings.certificate) if settings.certificate else None,
        ssl_keyfile=str(settings.key) if settings.key else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._listening()
