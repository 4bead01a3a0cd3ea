"""`edm-archive serve`: the doors and the embedded worker, until they are stopped."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import opened
from cli.opening import settings as told
from cli.screen import Screen, screen_of

if TYPE_CHECKING:
    from api.settings import HttpSettings
    from dicom_gateway.settings import GatewaySettings
    from repository.settings import Settings

OPTION = "--processes"
ProcessesOption = Annotated[
    str,
    typer.Option(
        OPTION,
        metavar="N|auto",
        help="Processes that answer HTTP; auto: one for each processor. [EDM_ARCHIVE_HTTP_PROCESSES]",
    ),
]


def serve(context: typer.Context, processes: ProcessesOption = "") -> None:
    """Serve the archive over HTTP and DICOM until a signal (SIGTERM, SIGINT); running answers are finished first.

    Listens on EDM_ARCHIVE_HTTP_LISTEN (127.0.0.1:8042), and for DICOM peers on EDM_ARCHIVE_DICOM_LISTEN, if it is set,
    by EDM_ARCHIVE_DICOM_PROCESSES processes. With EDM_ARCHIVE_BROKER, jobs are left to Celery's workers.
    """
    from contextlib import nullcontext

    from api.logs import log_to
    from api.settings import PROCESSES, from_environment
    from dicom_gateway.settings import from_environment as dicom_from_environment
    from repository.home_lock import in_use
    from repository.jobs.embedded import Embedded
    from repository.settings import processes_of, read_home

    screen, found = screen_of(context), told()
    if processes:
        processes_of({OPTION: processes}, OPTION)  # what is wrong with it is told of the option, not of the variable
    settings = from_environment(os.environ | ({PROCESSES: processes} if processes else {}))
    dicom = dicom_from_environment(os.environ)
    log_to()
    read_home(found.home)
    with (
        in_use(found.home),
        opened(screen) as archive,
        nullcontext() if archive.settings.broker else Embedded(archive),
    ):
        if settings.processes == 1 and dicom is None:
            from api.serving import serve as run

            run(archive, settings, listening=lambda: _told(screen, settings.url))
        else:
            _by_crews(archive.settings, settings, dicom, screen)


def _by_crews(settings: "Settings", http: "HttpSettings", dicom: "GatewaySettings | None", screen: Screen) -> None:
    """Each door by processes of its own, which this one watches."""
    from contextlib import ExitStack

    from api.logs import log_to
    from api.processes import crew as http_crew
    from repository.processes import watch
    from repository.runtime import secret_of

    secret_of(settings)  # each process opens the key ring for itself: from a file, not from a terminal
    with ExitStack() as stack:
        crews = [stack.enter_context(http_crew(settings, http))]
        at = ""
        if dicom is not None:
            from dicom_gateway.processes import crew as dicom_crew

            crews.append(stack.enter_context(dicom_crew(dicom)))
            at = f"{dicom.ae_title}@{dicom.host}:{dicom.port}"
        watch(settings, crews, begin=log_to, listening=lambda: _told(screen, http.url, at))


def _told(screen: Screen, url: str, dicom: str = "") -> None:
    screen.say(en=f"Serving at {url}; stop it with Ctrl-C.", pl=f"Archiwum jest pod adresem {url}; zatrzymuje Ctrl-C.")
    if dicom:
        screen.say(en=f"DICOM peers call {dicom}.", pl=f"Węzły DICOM łączą się z {dicom}.")
