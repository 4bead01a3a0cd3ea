"""`edm-archive audit …`: who has looked, as far as whoever asks may know. Each use is accounted for itself."""

from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import audit_reports
from cli.opening import opened
from cli.options import Json
from cli.screen import Screen, heads, number, screen_of
from repository.access.purpose import Purpose

if TYPE_CHECKING:
    from repository.access.account import Account
    from repository.completeness import Completeness
    from repository.runtime import Archive

UNACCOUNTED = 5  # the exit code of findings
verbs = typer.Typer(no_args_is_help=True, help="Accounts of every reading and every attempt.")
reviews = typer.Typer(no_args_is_help=True, help="What was done in an emergency, looked at afterwards.")
verbs.add_typer(reviews, name="review")
verbs.command("register")(audit_reports.register_command)
verbs.command("who-looked")(audit_reports.who_looked_command)
verbs.command("special-report")(audit_reports.special_report_command)


class OutcomeName(StrEnum):
    PERMITTED = "permitted"
    REFUSED = "refused"


class FormName(StrEnum):
    CSV = "csv"
    FHIR = "fhir"
    DICOM = "dicom"


Patient = audit_reports.Patient
OneTakeover = audit_reports.OneTakeover
Since = audit_reports.Since
Until = audit_reports.Until
Person = Annotated[str, typer.Option("--person", metavar="NAME", help="Beginning of the surname of whoever looked.")]
Outcome = Annotated[OutcomeName | None, typer.Option("--outcome", help="What came of it.")]
PurposeOption = Annotated[Purpose | None, typer.Option("--purpose", help="What it was for.")]
After = Annotated[int, typer.Option("--after", min=0, metavar="NUMBER", help="Go on after this account.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Accounts at once.")]


@verbs.command("search")
def search_command(
    context: typer.Context, *, patient: Patient = "", person: Person = "", since: Since = "", until: Until = "",
    outcome: Outcome = None, purpose: PurposeOption = None, takeover: OneTakeover = "", limit: Limit = 50,
    after: After = 0, as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """Find accounts. Of no account that is not about one patient, or not for you, the patient is shown."""
    from repository.reports.seeking import page_of

    screen = screen_of(context)
    with opened(screen) as archive:
        source = _accounts(
            archive, screen, patient=patient, person=person, days=(since, until), outcome=outcome, purpose=purpose,
            takeover=takeover, after=after,
        )  # fmt: skip
        found, mark = page_of(source, limit=limit)
    if screen.as_json:
        screen.json({"accounts": _as_rows(found), "next": mark})
        return
    _tell(screen, found)
    if mark:
        screen.say(en=f"There are more: --after {mark}", pl=f"Jest więcej: --after {mark}")


@verbs.command("export")
def export_command(
    context: typer.Context, *, file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there.")],
    form: Annotated[FormName, typer.Option("--format", help="csv, fhir (NDJSON), dicom (one XML a line).")],
    patient: Patient = "", person: Person = "", since: Since = "", until: Until = "", outcome: Outcome = None,
    purpose: PurposeOption = None, takeover: OneTakeover = "", as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """Write accounts to FILE, as far as you may see them."""
    from repository.delivering import Target
    from repository.reports.exporting import Form, exported

    screen, seen = screen_of(context), 0

    def counted(source: Iterator["Account"]) -> Iterator["Account"]:
        nonlocal seen
        for each in source:
            seen += 1
            yield each

    with opened(screen) as archive:
        source = _accounts(
            archive, screen, patient=patient, person=person, days=(since, until), outcome=outcome, purpose=purpose,
            takeover=takeover,
        )  # fmt: skip
        target = Target(file.parent, file=file.name)
        target.write(target.place(""), exported(counted(source), Form(form.value), archive=archive.id.hex))
        target.settle()
    screen.answer(
        {"file": str(file), "format": form.value, "accounts": seen},
        en=f"{number(seen)} accounts are in {file}.",
        pl=f"Zapisano w {file} zapisów: {number(seen)}.",
    )


@verbs.command("completeness")
def completeness_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Up to which account the trail is provably complete, and whether each opening of bytes has its account.

    Exit code 5 if one has none; it is named.
    """
    from repository.completeness import completeness

    screen = screen_of(context)
    with opened(screen) as archive:
        found = completeness(archive, audit_reports.errand(archive, screen))
    if screen.as_json:
        screen.json(asdict(found))
    else:
        _tell_complete(screen, found.complete_up_to, size=found.checkpoint_size, last=found.last)
        _tell_gaps(screen, found)
    raise typer.Exit(UNACCOUNTED if found.gaps else 0)


def _tell_gaps(screen: Screen, found: "Completeness") -> None:
    for gap in found.gaps:
        screen.say(en=f"[{gap.code}] {gap.subject}: {gap.en}", pl=f"[{gap.code}] {gap.subject}: {gap.pl}")
    openings, missing = number(found.openings), number(len(found.gaps))
    screen.say(
        en=f"Openings of bytes on this machine: {openings}; without an account: {missing}.",
        pl=f"Otwarcia bajtów na tej maszynie: {openings}; bez odnotowania: {missing}.",
    )


def _tell_complete(screen: Screen, complete: int, *, size: int, last: int) -> None:
    screen.say(
        en=f"Deeds 1 to {number(complete)} are under the checkpoint over {number(size)} entries; the last one is "
        f"{number(last)}. Those between are durable, and under the next checkpoint.",
        pl=f"Czynności od 1 do {number(complete)} obejmuje punkt kontrolny o {number(size)} wpisach; ostatnia ma numer "
        f"{number(last)}. Pozostałe są trwałe i obejmie je następny punkt kontrolny.",
    )


@reviews.command("list")
def review_list_command(
    context: typer.Context, *, limit: Limit = 50, after: After = 0, as_json: Json = False  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """Show what still has to be looked at."""
    from repository.reports.reviewing import due

    screen = screen_of(context)
    with opened(screen) as archive:
        found = due(archive, audit_reports.errand(archive, screen), after=after, limit=limit)
    if screen.as_json:
        screen.json({"accounts": _as_rows(found)})
        return
    _tell(screen, found, reasons=True)


@reviews.command("done")
def review_done_command(
    context: typer.Context, *, account: Annotated[int, typer.Argument(metavar="NUMBER", min=1)],
    remark: Annotated[str, typer.Option("--remark", metavar="TEXT", help="What you found.")] = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """Say that you have looked at an account. Nobody does so for himself."""
    from repository.reports.reviewing import review

    screen = screen_of(context)
    with opened(screen) as archive:
        deed = review(archive, audit_reports.errand(archive, screen), account, remark=remark)
    screen.answer(
        {"account": account, "deed": deed.number},
        en=f"Account {account} was reviewed.",
        pl=f"Zapis {account} został przejrzany.",
    )


def _accounts(
    archive: "Archive", screen: Screen, *, patient: str, person: str, days: tuple[str, str],
    outcome: OutcomeName | None, purpose: Purpose | None, takeover: str, after: int = 0,
) -> Iterator["Account"]:  # fmt: skip
    """Those that match, as whoever is signed in may see them, once that was asked for."""
    from repository.reports.asking import Period
    from repository.reports.seeking import Sought, sought

    errand = audit_reports.errand(archive, screen)
    what = Sought(
        patient=patient, takeover=takeover, surname=person, outcome=outcome.value if outcome else "",
        purpose=purpose, period=Period(*days), after=after,
    )  # fmt: skip
    return sought(archive, errand, what)


def _as_rows(found: list["Account"]) -> list[dict[str, Any]]:
    from repository.access.account import as_body

    return [{"number": each.number, **as_body(each)} for each in found]


def _tell(screen: Screen, found: list["Account"], *, reasons: bool = False) -> None:
    from repository.reports.paper import who
    from repository.reports.who_looked import is_prominent
    from repository.reports.words import OPERATIONS, OUTCOMES, PURPOSES, scope, told

    if not found:
        screen.say(en="There are none.", pl="Nie ma żadnych.")
        return
    titles = heads(
        ("No.", "Nr"),
        ("Day", "Dzień"),
        ("Hour", "Godz."),
        ("Who", "Kto"),
        ("Purpose", "Cel"),
        ("What", "Czynność"),
        ("About", "Dotyczy"),
        ("Outcome", "Wynik"),
        ("", ""),
    )
    rows = []
    for each in found:
        words = [
            told(PURPOSES, each.purpose),
            told(OPERATIONS, each.operation),
            scope(each),
            told(OUTCOMES, each.outcome),
        ]
        person = ", ".join(part for part in (who(each) or each.id, each.organisation) if part)
        last = each.reason if reasons else "!" if is_prominent(each) else ""
        rows.append((str(each.number), each.day, each.hour, person, *map(screen.text, words), last))
    screen.table(titles, rows, numbers=(0,))
