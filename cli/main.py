"""The command `edm-archive`: all verbs, one language, one door for errors. A verb imports its journey when it runs."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    audit,
    consent,
    custody,
    db,
    demand,
    doctor,
    get,
    grant,
    init,
    inventory,
    keys,
    peer,
    proof,
    protection,
    rebuild,
    relation,
    sample,
    search,
    serve,
    storage,
    takeover,
    user,
    verify,
    worker,
)
from cli.failures import INTERRUPTED, flushed, guarded
from cli.screen import Screen, forgiving, prepared
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

    def invoke(self, ctx: Any) -> Any:
        screen = ctx.obj if isinstance(ctx.obj, Screen) else Screen()
        return guarded(lambda: super(Doors, self).invoke(ctx), screen)


def _silence() -> None:
    """Log lines of the journeys are for workers; a verb answers with its screen alone."""
    for part in ("repository", "storage"):
        logger = logging.getLogger(part)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


app = typer.Typer(
    name=NAME,
    cls=Doors,
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


app.command("init")(init.init)
app.command("sample")(sample.sample)
app.add_typer(takeover.verbs, name="takeover")
app.command("search")(search.search)
app.command("get")(get.get)
app.add_typer(proof.verbs, name="proof")
app.command("verify")(verify.verify)
app.command("rebuild")(rebuild.rebuild)
app.add_typer(keys.verbs, name="keys")
app.add_typer(storage.verbs, name="storage")
app.add_typer(db.verbs, name="db")
app.add_typer(user.verbs, name="user")
app.add_typer(audit.verbs, name="audit")
app.add_typer(demand.verbs, name="demand")
app.add_typer(consent.verbs, name="consent")
app.add_typer(grant.verbs, name="grant")
app.add_typer(custody.verbs, name="custody")
app.add_typer(protection.verbs, name="protection")
app.add_typer(relation.verbs, name="relation")
app.add_typer(peer.verbs, name="peer")
app.add_typer(inventory.verbs, name="inventory")
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """The entry point of the command."""
    keep_freed_memory()
    app()


if __name__ == "__main__":
    main()
