"""`edm-archive worker`: does the jobs that wait, until it is told to stop."""

import os

import typer

from cli.opening import settings


def worker(context: typer.Context) -> None:  # noqa: ARG001  every verb has one
    """Do waiting jobs until a signal (SIGTERM, SIGINT); with EDM_ARCHIVE_BROKER as a Celery worker with its schedule.

    Reads the secret from EDM_ARCHIVE_KEY_FILE or EDM_ARCHIVE_PASSPHRASE_FILE alone.
    """
    from repository.jobs.worker import main
    from repository.settings import read_home

    read_home(settings().home)
    raise typer.Exit(main(os.environ))
