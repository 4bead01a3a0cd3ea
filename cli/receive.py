"""`edm-archive takeover receive`: a package is taken over, or a takeover that stopped goes on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import opened
from cli.options import Json, Misused
from cli.screen import Advance, Screen, number, screen_of
from repository.domain.takeover import Handover, Producer, Route, State
from storage.errors import ArchiveError, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from repository.catalogue.counting import Counts
    from repository.domain.takeover import Takeover
    from repository.runtime import Archive
    from repository.takeover.receiving import Progress

EXIT = {State.ACCEPTED: 0, State.ACCEPTED_WITH_EXCEPTIONS: 3, State.REJECTED: 4}
_PANEL = "What the package may lack"


class DateWrong(ArchiveError):
    code = "RCV-001"
    exit_code = 2
    what = Text(
        en="The date of cessation is not a date of the form YYYY-MM-DD.",
        pl="Data zaprzestania działalności nie ma postaci RRRR-MM-DD.",
    )
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    todo = Text(en="Correct it and run the command again.", pl="Popraw ją i powtórz polecenie.")


Package = Annotated[str, typer.Argument(metavar="PACKAGE", help="A folder, tar, tar.gz or zip; a BagIt bag or bare.")]
Manifest = Annotated[
    Path | None, typer.Option("--manifest", metavar="CSV", help="What a bare package declares: path,size,sha256.")
]
Again = Annotated[
    bool,
    typer.Option("--anew", metavar="", help="Take the package over once more: the producer mended something in it."),
]


def receive(
    context: typer.Context,
    *,
    package: Package,
    manifest: Manifest = None,
    producer_name: Annotated[
        str, typer.Option("--producer-name", help="The closed provider.", rich_help_panel=_PANEL)
    ] = "",
    rpwdl: Annotated[str, typer.Option("--rpwdl", help="Number of the RPWDL book.", rich_help_panel=_PANEL)] = "",
    regon: Annotated[str, typer.Option("--regon", help="Its REGON, 9 or 14 digits.", rich_help_panel=_PANEL)] = "",
    nip: Annotated[str, typer.Option("--nip", help="Its NIP, 10 digits.", rich_help_panel=_PANEL)] = "",
    route: Annotated[
        Route | None, typer.Option("--route", help="Legal route (UPP art. 30a).", rich_help_panel=_PANEL)
    ] = None,
    cessation_date: Annotated[
        str, typer.Option("--cessation-date", metavar="YYYY-MM-DD", help="When it ended.", rich_help_panel=_PANEL)
    ] = "",
    legal_basis: Annotated[
        str, typer.Option("--legal-basis", help="In words, as the protocol is to say it.", rich_help_panel=_PANEL)
    ] = "",
    again: Again = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Take over a package, or go on with one that was stopped.

    Exit code 0: accepted; 3: with exceptions; 4: rejected. A package that was taken over before shows its outcome.
    """
    from repository.intake import Order, anew
    from repository.jobs.foreground import receive_here

    given = Handover(
        producer=Producer(name=producer_name, rpwdl_book=rpwdl, regon=regon, nip=nip),
        cessation_date=_date(cessation_date),
        legal_basis=legal_basis,
        route=route,
    )
    if not package:  # a variable that is not set, say: as a path it would be the folder that one is in
        raise Misused(en="PACKAGE is empty", pl="PACKAGE jest puste")
    screen = screen_of(context)
    screen.kept_so_far = Text(
        en="What was settled is kept. The same command goes on from there.",
        pl="To, co rozliczono, jest zachowane. To samo polecenie wznowi pracę.",
    )
    with opened(screen) as archive:
        ended = {each.id for each in archive.catalogue.takeovers() if each.closed_at}
        with screen.progress(en="receiving", pl="przyjmowanie", unit="bytes") as advance:
            order = Order(Path(package), manifest=manifest, given=given)
            order = anew(archive, order) if again else order
            takeover = receive_here(archive, order, progress=_noting(screen, advance))
        if takeover.id in ended and not screen.as_json:
            screen.say(
                en="This package was taken over before. Nothing was done now; this is what became of it then.\n"
                "What the producer has mended in it is taken over with --anew.\n",
                pl="Ten pakiet już przejęto. Niczego teraz nie wykonano; oto wynik tamtego przejęcia.\n"
                "To, co przekazujący w nim poprawił, przejmuje się z opcją --anew.\n",
            )
        answer(screen, archive, takeover)
    raise typer.Exit(EXIT[takeover.state])


def _date(value: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        raise DateWrong from None


def _noting(screen: Screen, advance: Advance) -> "Callable[[Progress], None]":
    """Moves the bar, and keeps in mind what an interruption has to say."""

    def note(progress: "Progress") -> None:
        done, total = number(progress.items), number(progress.of_items)
        screen.kept_so_far = Text(
            en=f"{done} of {total} items that this run had before it are settled and kept. "
            "The same command goes on from there.",
            pl=f"Rozliczono i zachowano pozycji: {done} z {total}, które były do zrobienia w tym uruchomieniu. "
            "To samo polecenie wznowi pracę.",
        )
        advance(progress.bytes, progress.of_bytes)

    return note


def answer(screen: Screen, archive: "Archive", takeover: "Takeover") -> None:
    """The outcome; the ordinal 0 of findings is the package as a whole. Names are told without a decision: all of them
    were read from the package that has just been handed in."""
    from cli import telling
    from repository.intake import statement_of

    statement = statement_of(archive, takeover)
    counts = archive.catalogue.counts(takeover.number)
    findings = archive.catalogue.findings(takeover.number, ordinal=0)
    checkpoint = archive.log.latest()
    if screen.as_json:
        screen.json(
            {
                **telling.takeover_json(takeover),
                "statement": telling.statement_json(statement, shows=telling.of_the_package),
                "findings": [telling.finding_json(screen, finding) for finding in findings],
                "counts": counts_json(counts),
                "checkpoint_size": checkpoint.size if checkpoint else 0,
            }
        )
        return
    telling.tell_takeover(screen, takeover)
    screen.space()
    telling.tell_balance(screen, statement)
    telling.tell_counts(screen, statement)
    telling.tell_exceptions(screen, takeover, statement.exceptions, shows=telling.of_the_package)
    telling.tell_findings(screen, findings)
    screen.space()
    telling.tell_kept(screen, counts)
    if checkpoint:
        screen.say(
            en=f"Checkpoint over {number(checkpoint.size)} log entries, signed.",
            pl=f"Podpisano punkt kontrolny rejestru dowodowego: wpisów {number(checkpoint.size)}.",
        )
    purpose = "--purpose custody --html" if statement.exceptions else "--html"
    page, check = (
        f"edm-archive takeover protocol {takeover.id} {purpose}",
        f"edm-archive verify --takeover {takeover.id}",
    )
    screen.say(en=f"\nNext: {page} FILE\n      {check}", pl=f"\nDalej: {page} PLIK\n       {check}")


def counts_json(counts: "Counts") -> dict[str, int]:
    names = (
        "holdings",
        "size",
        "stored_size",
        "packs",
        "patients",
        "documents",
        "studies",
        "series",
        "instances",
        "findings",
    )
    return {name: getattr(counts, name) for name in names}
