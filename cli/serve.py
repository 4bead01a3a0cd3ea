"""`edm-archive serve`: the doors and the embedded worker, until they are stopped."""

import os

import typer

from cli.opening import opened
from cli.screen import screen_of


def serve(context: typer.Context) -> None:
    """Serve the archive over HTTP until a signal (SIGTERM, SIGINT); running answers are finished first.

    Listens on EDM_ARCHIVE_HTTP_LISTEN (127.0.0.1:8042). With EDM_ARCHIVE_BROKER, jobs are left to Celery's workers.
    """
    from contextlib import nullcontext

    from api.serving import serve as run
    from api.settings import from_environment
    from repository.jobs.embedded import Embedded

    screen, settings = screen_of(context), from_environment(os.environ)
    with opened(screen) as archive, nullcontext() if archive.settings.broker else Embedded(archive):
        run(
            archive,
            settings,
            listening=lambda url: screen.say(
                en=f"Serving at {url}; stop it with Ctrl-C.", pl=f"Archiwum jest pod adresem {url}; zatrzymuje Ctrl-C."
            ),
        )
