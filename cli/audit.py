"""`edm-archive audit …`: who has looked, as far as whoever asks may know. Each use is accounted for itself."""

from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import audit_reports
from cli.identity import signed_in
from cli.opening import opened
from cli.options import Json
from cli.screen import Screen, number, screen_of
from storage.errors import Text

if TYPE_CHECKING:
    from repository.access.account import Account
    from repository.access.account_query import AccountQuery
    from repository.findings import Finding
    from repository.opening import Errand
    from repository.reports.view import PatientOf
    from repository.runtime import Archive
    from repository.upkeep.gaps import Compared

DOOR = "cli"
SHOWN_GAPS = 1000  # as many are told; one is enough for the exit code
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
PurposeOption = Annotated[str, typer.Option("--purpose", metavar="PURPOSE", help="treatment, emergency, audit, …")]
After = Annotated[int, typer.Option("--after", min=0, metavar="NUMBER", help="Go on after this account.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Accounts at once.")]


@verbs.command("search")
def search_command(
    context: typer.Context, *, patient: Patient = "", person: Person = "", since: Since = "", until: Until = "",
    outcome: Outcome = None, purpose: PurposeOption = "", takeover: OneTakeover = "", limit: Limit = 50,
    after: After = 0, as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """Find accounts. Of no account that is not about one patient, or not for you, the patient is shown."""
    from itertools import islice

    from repository.access.account import as_body

    screen, asked = screen_of(context), _asked(person, outcome, purpose)
    with opened(screen) as archive:
        source = _accounts(
            archive, screen, asked | {"after": after}, patient=patient, takeover=takeover, days=(since, until)
        )
        found = list(islice(source, limit + 1))
    more, found = len(found) > limit, found[:limit]
    mark = found[-1].number if more else 0
    if screen.as_json:
        screen.json({"accounts": [{"number": each.number, **as_body(each)} for each in found], "next": mark})
        return
    _tell(screen, found)
    if more:
        screen.say(en=f"There are more: --after {mark}", pl=f"Jest więcej: --after {mark}")


@verbs.command("export")
def export_command(
    context: typer.Context, *, file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there.")],
    form: Annotated[FormName, typer.Option("--format", help="csv, fhir (NDJSON), dicom (one XML a line).")],
    patient: Patient = "", person: Person = "", since: Since = "", until: Until = "", outcome: Outcome = None,
    purpose: PurposeOption = "", takeover: OneTakeover = "", as_json: Json = False,  # noqa: ARG001  the screen knows
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
        asked = _asked(person, outcome, purpose)
        source = _accounts(archive, screen, asked, patient=patient, takeover=takeover, days=(since, until))
        target = Target(file.parent, file=file.name)
        target.write(target.place(""), exported(counted(source), Form(form.value), archive=archive.id.hex))
        target.settle()
    if screen.as_json:
        screen.json({"file": str(file), "format": form.value, "accounts": seen})
        return
    screen.say(en=f"{number(seen)} accounts are in {file}.", pl=f"Zapisano w {file} zapisów: {number(seen)}.")


@verbs.command("completeness")
def completeness_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Up to which account the trail is provably complete, and whether each opening of bytes has its account.

    Exit code 5 if one has none; it is named.
    """
    from itertools import islice

    from repository.journal import complete_up_to
    from repository.reports.asking import ask_generally
    from repository.upkeep.gaps import Compared, gaps

    screen, compared = screen_of(context), Compared()
    with opened(screen) as archive:
        ask_generally(archive, _errand(archive, screen))
        (complete, size), last = complete_up_to(archive), archive.catalogue.journal.size()
        found = list(islice(gaps(archive, compared=compared), SHOWN_GAPS))
    if screen.as_json:
        counts = {
            "openings": compared.openings,
            "accounted": compared.accounted,
            "gaps": [asdict(gap) for gap in found],
        }
        screen.json({"complete_up_to": complete, "checkpoint_size": size, "last": last, **counts})
    else:
        _tell_complete(screen, complete, size=size, last=last)
        _tell_gaps(screen, found, compared)
    raise typer.Exit(UNACCOUNTED if found else 0)


def _tell_gaps(screen: Screen, found: list["Finding"], compared: "Compared") -> None:
    for gap in found:
        screen.say(en=f"[{gap.code}] {gap.subject}: {gap.en}", pl=f"[{gap.code}] {gap.subject}: {gap.pl}")
    screen.say(
        en=f"Openings of bytes on this machine: {number(compared.openings)}; without an account: {number(len(found))}.",
        pl=f"Otwarcia bajtów na tej maszynie: {number(compared.openings)}; bez odnotowania: {number(len(found))}.",
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
    from repository.access.account import as_body
    from repository.reports.reviewing import due

    screen = screen_of(context)
    with opened(screen) as archive:
        found = due(archive, _errand(archive, screen), after=after, limit=limit)
    if screen.as_json:
        screen.json({"accounts": [{"number": each.number, **as_body(each)} for each in found]})
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
        deed = review(archive, _errand(archive, screen), account, remark=remark)
    if screen.as_json:
        screen.json({"account": account, "deed": deed.number})
        return
    screen.say(en=f"Account {account} was reviewed.", pl=f"Zapis {account} został przejrzany.")


def _errand(archive: "Archive", screen: Screen) -> "Errand":
    from repository.reports.asking import errand_of

    return errand_of(signed_in(archive, screen), door=DOOR)


def _asked(person: str, outcome: OutcomeName | None, purpose: str) -> dict[str, Any]:
    from repository.access.purpose import Purpose

    if purpose and purpose not in set(Purpose):
        raise typer.BadParameter("no such purpose", param_hint="--purpose")
    asked: dict[str, Any] = {"surnames": (person,) if person else None}
    return asked | {"outcomes": (outcome.value,) if outcome else None, "purposes": (purpose,) if purpose else None}


def _accounts(
    archive: "Archive", screen: Screen, asked: dict[str, Any], *, patient: str, takeover: str, days: tuple[str, str]
) -> Iterator["Account"]:
    """Those that match, as whoever is signed in may see them, once that was asked for."""
    from repository.access.account_query import AccountQuery
    from repository.reports.asking import Period, ask_generally, ask_of_patient, ask_of_takeover
    from repository.reports.view import searched

    errand, period = _errand(archive, screen), Period(*days)
    query: AccountQuery = AccountQuery(**asked, at_from=period.at_from, at_to=period.at_to)
    let_in: frozenset[PatientOf] = frozenset()
    if patient:
        let_in = frozenset(each.pair for each in ask_of_patient(archive, errand, patient))
        query = _narrowed(query, patients=tuple(sorted(let_in)))
    if takeover:
        query = _narrowed(query, takeovers=(ask_of_takeover(archive, errand, takeover),))
    if not (patient or takeover):
        ask_generally(archive, errand)
    return searched(archive.catalogue.accounts, errand.principal, query=query, let_in=let_in)


def _narrowed(query: "AccountQuery", **changes: Any) -> "AccountQuery":
    from dataclasses import replace

    return replace(query, **changes)


def _tell(screen: Screen, found: list["Account"], *, reasons: bool = False) -> None:
    from repository.reports.paper import who
    from repository.reports.who_looked import is_prominent
    from repository.reports.words import OPERATIONS, OUTCOMES, PURPOSES, scope, told

    if not found:
        screen.say(en="There are none.", pl="Nie ma żadnych.")
        return
    heads = [("No.", "Nr"), ("Day", "Dzień"), ("Hour", "Godz."), ("Who", "Kto"), ("Purpose", "Cel"),
             ("What", "Czynność"),             ("About", "Dotyczy"), ("Outcome", "Wynik"), ("", "")]  # fmt: skip
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
    screen.table([Text(en=en, pl=pl) for en, pl in heads], rows, numbers=(0,))
