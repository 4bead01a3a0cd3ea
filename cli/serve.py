"""`edm-archive serve`: the doors and the embedded worker, until they are stopped."""

import os
from typing import Annotated

import typer

from cli.opening import opened
from cli.opening import settings as told
from cli.screen import Screen, screen_of

ProcessesOption = Annotated[
    int | None, typer.Option("--processes", min=1, max=256, help="Processes that answer. [EDM_ARCHIVE_HTTP_PROCESSES]")
]


def serve(context: typer.Context, processes: ProcessesOption = None) -> None:
    """Serve the archive over HTTP and DICOM until a signal (SIGTERM, SIGINT); running answers are finished first.

    Listens on EDM_ARCHIVE_HTTP_LISTEN (127.0.0.1:8042), and for DICOM peers on EDM_ARCHIVE_DICOM_LISTEN, if it is set.
    With EDM_ARCHIVE_BROKER, jobs are left to Celery's workers.
    """
    from contextlib import nullcontext
    from dataclasses import replace

    from api.logs import log_to
    from api.settings import from_environment
    from dicom_gateway.listening import Gateway
    from dicom_gateway.settings import from_environment as dicom_from_environment
    from repository.home_lock import in_use
    from repository.jobs.embedded import Embedded
    from repository.settings import read_home

    screen, found, settings = screen_of(context), told(), from_environment(os.environ)
    dicom = dicom_from_environment(os.environ)
    settings = replace(settings, processes=processes or settings.processes)
    log_to()
    read_home(found.home)
    with (
        in_use(found.home),
        opened(screen) as archive,
        nullcontext() if archive.settings.broker else Embedded(archive),
        nullcontext() if dicom is None else Gateway(archive, dicom),
    ):
        if settings.processes == 1:
            from api.serving import serve as run

            run(archive, settings, listening=lambda: _told(screen, settings.url))
        else:
            from api.processes import serve_many
            from repository.runtime import secret_of

            secret_of(archive.settings)  # each process opens the key ring for itself: from a file, not from a terminal
            serve_many(archive.settings, settings, listening=lambda: _told(screen, settings.url))


def _told(screen: Screen, url: str) -> None:
    screen.say(en=f"Serving at {url}; stop it with Ctrl-C.", pl=f"Archiwum jest pod adresem {url}; zatrzymuje Ctrl-C.")
