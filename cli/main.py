"""The command `edm-archive`: all verbs, one language, one door for errors. A verb is imported when it is asked for,
and its journey when it runs."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.failures import INTERRUPTED, TERMINATED, Terminated, flushed, guarded
from cli.screen import Screen, forgiving, prepared
from cli.verbs import Verbs
from storage.memory import keep_freed_memory

NAME = "edm-archive"


class Doors(TyperGroup):
    """Runs a verb; whatever goes wrong ends as words and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *_completion: Any,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        screen, rest = prepared(sys.argv[1:] if args is None else args, os.environ)
        forgiving(sys.stdout, sys.stderr)
        _silence()
        extra["obj"] = screen
        try:
            run = super().main
            code = guarded(lambda: run(rest, prog_name or NAME, standalone_mode=False, **extra), screen)
        except typer.Exit as stopped:
            code = stopped.exit_code
        except typer.Abort:
            code = INTERRUPTED
        code = flushed(code if isinstance(code, int) else 0, screen)
        if not standalone_mode:
            return code
        sys.exit(code)

    def make_context(self, *what: Any, **extra: Any) -> Any:
        """Guarded as well, for typer would end an interruption of the parsing without a word."""
        return guarded(lambda: super(Doors, self).make_context(*what, **extra), _screen(extra.get("obj")))

    def invoke(self, ctx: Any) -> Any:
        return guarded(lambda: super(Doors, self).invoke(ctx), _screen(ctx.obj))


def _screen(found: object) -> Screen:
    return found if isinstance(found, Screen) else Screen()


class Program(Doors):
    """Doors to all verbs, each of which is imported when it is asked for."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        self.commands: Any = Verbs()


def _silence() -> None:
    """Log lines of the journeys are for workers; a verb answers with its screen alone."""
    for part in ("repository", "storage"):
        logger = logging.getLogger(part)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


app = typer.Typer(
    name=NAME,
    cls=Program,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Takes over the medical documentation of a closed healthcare provider, seals it, and proves it whole.",
)


def _version(wanted: bool) -> None:
    from importlib.metadata import PackageNotFoundError, version

    if wanted:
        try:
            number = version(NAME)
        except PackageNotFoundError:
            number = "(not installed: run from its sources)"
        typer.echo(f"{NAME} {number}")
        raise typer.Exit


@app.callback()
def main_callback(
    lang: Annotated[
        str, typer.Option("--lang", metavar="pl|en", help="Language of answers.  [EDM_ARCHIVE_LANG, LANG]")
    ] = "",
    show_version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Every command answers in Polish or English, and with --json to programs."""


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM ends what runs as Ctrl-C does, unless whoever started this process has it ignored (nohup, say).

    One is enough: `timeout` sends two, and the second is not to disturb the closing. Once a verb has told its end, the
    next signal of either kind ends the process at once and in silence.
    """
    own = os.getpid()

    def end(*_: object) -> None:
        if os.getpid() != own:  # forked, and not settled down yet: the parent tells
            os._exit(TERMINATED)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    ours = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN]
    if signal.SIGTERM in ours:
        signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)


def main() -> None:
    """The entry point of the command."""
    keep_freed_memory()
    gc.set_threshold(
        10_000, 10, 10
    )  # nearly all that is made while a verb is imported stays: 0.2 of the 2.3 s of `serve`
    with stoppable():
        app()


if __name__ == "__main__":
    main()
