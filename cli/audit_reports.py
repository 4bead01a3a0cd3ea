"""`edm-archive audit register | who-looked | special-report`: the reports that the archive signs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.identity import signed_in
from cli.opening import DOOR, opened
from cli.options import Json, Misused
from cli.screen import Screen, screen_of

if TYPE_CHECKING:
    from repository.opening import Errand
    from repository.reports.asking import Period
    from repository.reports.paper import Paper, PaperForm
    from repository.runtime import Archive


NAMES_PATIENT = "PESEL, ROOT^EXTENSION, or TAKEOVER/NUMBER of the patient."
Patient = Annotated[str, typer.Option("--patient", metavar="ID", help=NAMES_PATIENT)]
OneTakeover = Annotated[str, typer.Option("--takeover", metavar="ID", help="In this takeover only.")]
Since = Annotated[str, typer.Option("--from", metavar="DAY", help="From this day in Poland on: YYYY-MM-DD.")]
Until = Annotated[str, typer.Option("--to", metavar="DAY", help="Up to this day, included.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write it to FILE (.json, .csv, .html), which is not there."),
]


def register_command(
    context: typer.Context, *, patient: Patient = "", takeover: OneTakeover = "", since: Since = "", until: Until = "",
    out: Out = None, as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """The register of disclosures (UPP art. 27(4)), signed: of a patient, a takeover, a period, or all."""
    from repository.reports.answering import signer_of
    from repository.reports.register import register

    def made(archive: "Archive", errand: "Errand", period: "Period") -> "Paper":
        signer = signer_of(archive)
        return register(archive, errand, patient=patient, takeover=takeover, period=period, signer=signer)

    _report(screen_of(context), made, days=(since, until), out=out)


def who_looked_command(
    context: typer.Context, *, patient: Annotated[str, typer.Argument(metavar="PATIENT", help=NAMES_PATIENT)],
    since: Since = "", until: Until = "", out: Out = None, as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """Who has looked at a patient's documentation, through any door, permitted or refused; signed."""
    from repository.reports.who_looked import who_looked

    def made(archive: "Archive", errand: "Errand", period: "Period") -> "Paper":
        return who_looked(archive, errand, patient=patient, period=period)

    _report(screen_of(context), made, days=(since, until), out=out)


def special_report_command(
    context: typer.Context, *, patient: Patient = "", takeover: OneTakeover = "", since: Since = "", until: Until = "",
    out: Out = None, as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:  # fmt: skip
    """For special services (§ 10(3)): first name, surname, day, hour, purpose; signed. Of a patient or a takeover."""
    from repository.reports.special import special_report

    def made(archive: "Archive", errand: "Errand", period: "Period") -> "Paper":
        return special_report(archive, errand, patient=patient, takeover=takeover, period=period)

    if bool(patient) is bool(takeover):
        raise Misused(
            en="one of --patient and --takeover is needed, and not both",
            pl="potrzebne jest --patient albo --takeover, nie oba naraz",
        )
    _report(screen_of(context), made, days=(since, until), out=out)


def errand(archive: "Archive", screen: Screen) -> "Errand":
    """What whoever is signed in asks for accounts for. Raises as `signed_in`."""
    from repository.reports.asking import errand_of

    return errand_of(signed_in(archive, screen), door=DOOR)


def _report(
    screen: Screen,
    made: Callable[["Archive", "Errand", "Period"], "Paper"],
    *,
    days: tuple[str, str],
    out: Path | None,
) -> None:
    from repository.delivering import write_paper
    from repository.reports.asking import Period
    from repository.reports.page import rendered

    form, period = _form(out), Period(*days)
    with opened(screen) as archive:
        paper = made(archive, errand(archive, screen), period)
        if out is not None:
            write_paper(out, rendered(paper, form, polish=screen.language == "pl", log_key=archive.log_key))
    if screen.as_json:
        screen.json({paper.kind.purpose: paper.value, **({"file": str(out)} if out else {})})
        return
    _tell(screen, paper)
    if out is None:
        screen.say(en="The signed paper: --out FILE.json", pl="Podpisane zestawienie: --out PLIK.json")
    else:
        screen.say(en=f"Written to {out}.", pl=f"Zapisano w {out}.")


def _form(out: Path | None) -> "PaperForm":
    from repository.reports.paper import PaperForm

    suffix = out.suffix.lower().lstrip(".") if out else PaperForm.JSON.value
    if suffix not in set(PaperForm):
        raise Misused(
            en="the file of --out ends in .json, .csv or .html", pl="plik --out ma końcówkę .json, .csv albo .html"
        )
    return PaperForm(suffix)


def _tell(screen: Screen, paper: "Paper") -> None:
    screen.say(en=f"{paper.kind.title.en} ({paper.kind.law.en})", pl=f"{paper.kind.title.pl} ({paper.kind.law.pl})")
    if paper.cells:
        screen.table([head for _, head in paper.kind.columns], paper.cells)
    else:
        screen.say(en="There are none.", pl="Brak pozycji.")
    complete = paper.value["complete_up_to"]
    screen.say(
        en=f"Complete up to account {complete['number']}, checkpoint of size {complete['checkpoint_size']}.",
        pl=f"Kompletne do zapisu {complete['number']}, punkt kontrolny o rozmiarze {complete['checkpoint_size']}.",
    )
