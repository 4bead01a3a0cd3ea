"""A takeover for people and for programs: verdict, balance, exceptions, counts. Shared by the verbs of `takeover`."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from cli.screen import Screen, number, size
from repository.domain.statement import Statement
from repository.domain.takeover import Item, Takeover
from repository.findings import Finding
from repository.peers.titles import title_of
from repository.polish_time import in_poland
from repository.takeover.explaining import (
    COUNTS,
    DISPOSITIONS,
    SEVERITIES,
    explained,
    is_of_the_form,
    state_words,
    told,
)
from storage.errors import Text

if TYPE_CHECKING:
    from repository.catalogue.counting import Counts

FIRST = 20
Shows = Callable[[Item], bool]


def of_the_package(_: Item) -> bool:
    """Every name: for whoever has handed in the package that the names are of."""
    return True


def unnamed(_: Item) -> bool:
    """No name: for whom nothing was decided."""
    return False


def moment(stamp: str) -> str:
    """UTC, with what clocks in Poland show where it is another day there."""
    there = in_poland(datetime.fromisoformat(stamp)).isoformat(" ", "minutes")
    return f"{stamp[:10]} {stamp[11:19]} UTC" + (f" ({there} Europe/Warsaw)" if there[:10] != stamp[:10] else "")


def takeover_json(takeover: Takeover) -> dict[str, Any]:
    from repository.takeover.inscribing import handover_to_json

    return {
        "id": takeover.id,
        "state": takeover.state.value,
        "live": takeover.live,
        "ae_title": title_of(takeover),
        "package": takeover.package,
        "fingerprint": takeover.fingerprint,
        "declared": takeover.declared,
        "opened_at": takeover.opened_at,
        "closed_at": takeover.closed_at,
        "handover": handover_to_json(takeover.handover),
    }


def finding_json(screen: Screen, finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "params": dict(finding.params),
        "text": screen.text(told(finding)),
    }


def unnamed_finding(finding: Finding) -> Finding:
    """The same without the name of a file that may say whose it is."""
    return finding if is_of_the_form(finding.subject) else replace(finding, subject="")


def statement_json(statement: Statement, *, shows: Shows) -> dict[str, Any]:
    """The statement; of exceptions that may not be named the ordinal, the lot and the codes."""
    from repository.takeover.concluding import statement_to_json

    answer = statement_to_json(statement)
    for item, told_of in zip(statement.exceptions, answer["exceptions"], strict=True):
        if not shows(item):
            del told_of["path"]
    return answer


def tell_takeover(screen: Screen, takeover: Takeover) -> None:
    handover, producer = takeover.handover, takeover.handover.producer
    numbers = [("RPWDL", producer.rpwdl_book), ("REGON", producer.regon), ("NIP", producer.nip)]
    facts = [
        (Text(en="Takeover", pl="Przejęcie"), takeover.id),
        (Text(en="State", pl="Stan"), screen.text(state_words(takeover))),
        (Text(en="AE title", pl="Tytuł AE"), title_of(takeover)),
        (Text(en="Producer", pl="Przekazujący"), producer.name or "–"),
        (Text(en="", pl=""), ", ".join(f"{name} {value}" for name, value in numbers if value)),
        (Text(en="Successor", pl="Następca"), handover.successor.name if handover.successor else ""),
        (Text(en="Legal route", pl="Tryb"), handover.route.value if handover.route else ""),
        (Text(en="Legal basis", pl="Podstawa"), handover.legal_basis),
        (Text(en="Cessation", pl="Zaprzestanie"), handover.cessation_date),
        (Text(en="Package", pl="Paczka"), takeover.package),
        (Text(en="Opened", pl="Otwarto"), moment(takeover.opened_at)),
        (Text(en="Closed", pl="Zamknięto"), moment(takeover.closed_at) if takeover.closed_at else ""),
    ]
    screen.facts((name, value) for name, value in facts if value)


def tell_balance(screen: Screen, statement: Statement) -> None:
    tally = statement.tally
    rows = [(screen.text(text), getattr(tally, name)) for name, text in DISPOSITIONS.items() if name != "pending"]
    if not tally.balances:
        rows.append((screen.text(DISPOSITIONS["pending"]), max(statement.tally.residue["declared"], 0)))
    together = screen.text(Text(en="declared and found, together", pl="zadeklarowane i znalezione, razem"))
    rows.append((together, tally.declared + tally.present_not_declared))
    screen.table((Text(en="Lot", pl="Grupa"), Text(en="Items", pl="Pozycje")), rows, numbers=(1,))
    if tally.balances:
        screen.say(en="The statement balances to zero.", pl="Bilans się zgadza.")
    else:
        screen.say(en="The statement does not balance yet.", pl="Bilans jeszcze się nie zgadza.")


def tell_counts(screen: Screen, statement: Statement) -> None:
    if not statement.counts:
        return
    screen.space()
    heads = Text(en="Count", pl="Liczba"), Text(en="Declared", pl="Deklaracja"), Text(en="Found", pl="Znaleziono")
    rows = [
        (
            screen.text(COUNTS.get(check.name, Text(en=check.name, pl=check.name))),
            check.declared,
            check.found,
            "" if check.declared == check.found else "≠",
        )
        for check in statement.counts
    ]
    screen.table((*heads, Text(en="", pl="")), rows, numbers=(1, 2))


def tell_kept(screen: Screen, counts: "Counts") -> None:
    screen.say(
        en=f"Kept: {number(counts.holdings)} items, {size(counts.size)}, in {number(counts.packs)} sealed objects; "
        f"{number(counts.patients)} patients, {number(counts.documents)} documents, {number(counts.studies)} studies, "
        f"{number(counts.instances)} images.",
        pl=f"Zachowano: pozycji {number(counts.holdings)}, {size(counts.size)}, zapieczętowanych obiektów "
        f"{number(counts.packs)}; pacjentów {number(counts.patients)}, dokumentów {number(counts.documents)}, badań "
        f"{number(counts.studies)}, obrazów {number(counts.instances)}.",
    )


def tell_exceptions(
    screen: Screen, takeover: Takeover, exceptions: tuple[Item, ...], *, shows: Shows, most: int = FIRST
) -> None:
    """The exceptions, by name where that may be told, with their reasons, and how to see all of them."""
    if not exceptions:
        screen.say(en="\nNo exceptions.", pl="\nBrak wyjątków.")
        return
    screen.say(en=f"\nExceptions ({number(len(exceptions))}):", pl=f"\nWyjątki ({number(len(exceptions))}):")
    for item in islice(exceptions, most):
        line = f"  {item.ordinal}  {item.path if shows(item) else '–'}"
        screen.say(en=line, pl=line)
        for finding in explained(item):
            text = told(finding)
            screen.say(en=f"      {text.en} [{finding.code}]", pl=f"      {text.pl} [{finding.code}]")
    if len(exceptions) > most:
        more, command = (
            number(len(exceptions) - most),
            f"edm-archive takeover statement {takeover.id} --purpose custody",
        )
        screen.say(en=f"  … and {more} more: {command}", pl=f"  … i jeszcze {more}: {command}")


def tell_findings(screen: Screen, findings: Iterable[Finding]) -> None:
    every = list(findings)
    if not every:
        return
    screen.say(en="\nAbout the package:", pl="\nO całej paczce:")
    for finding in every:
        line = finding_line(screen, finding)
        screen.say(en=line, pl=line)


def finding_line(screen: Screen, finding: Finding) -> str:
    severity = screen.text(SEVERITIES[finding.severity.value])
    subject = f"{finding.subject}: " if finding.subject else ""
    return f"  {severity}: {subject}{screen.text(told(finding))} [{finding.code}]"


def tell_items(screen: Screen, items: Iterable[Item]) -> None:
    """Each item with its lot, line by line: there may be millions."""
    width = max(len(screen.text(lot)) for lot in DISPOSITIONS.values())
    for item in items:
        lot, there = screen.text(DISPOSITIONS[item.disposition.value]), str(item.size) if item.size >= 0 else "–"
        line = f"{item.ordinal:>7}  {lot:<{width}}  {there:>12}  {item.path}"
        screen.say(en=line, pl=line)
