"""`edm-archive verify`: every stored byte and row is what the log says it is, or it is named."""

import re
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import opened, takeover_named
from cli.options import Json, Misused
from cli.screen import Screen, number, screen_of, size
from storage.errors import ArchiveError, Text

if TYPE_CHECKING:
    from repository.upkeep.verifying import VerifyReport

FINDINGS, UNCHECKED = 5, 7
_SHOWN = 50
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


class LevelName(StrEnum):
    EXISTS = "exists"
    SEALED = "sealed"
    OPENED = "opened"


OneTakeover = Annotated[str, typer.Option("--takeover", metavar="ID", help="This takeover only.")]
Depth = Annotated[
    LevelName,
    typer.Option("--level", help="exists: names and sizes; sealed: digests of sealed bytes; opened: everything."),
]
Sample = Annotated[str, typer.Option("--sample", metavar="N/T", help="Bytes of the N-th of T parts only.")]
Rate = Annotated[str, typer.Option("--rate", metavar="BYTES", help="Read at most so many a second: 50M.")]
MaxDuration = Annotated[
    float, typer.Option("--max-duration", metavar="SECONDS", min=0, help="Stop then; the next run goes on.")
]
Known = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that was kept elsewhere.")
]
Record = Annotated[
    bool, typer.Option("--record", metavar="", help="Write the outcome into the evidence log, for each takeover.")
]
Restart = Annotated[
    bool, typer.Option("--restart", metavar="", help="From the beginning, not where the last run stopped.")
]


class CheckpointUnreadable(ArchiveError):
    code = "VFY-E01"
    exit_code = 2
    what = Text(en="The checkpoint file cannot be read.", pl="Nie można odczytać pliku punktu kontrolnego.")
    todo = Text(en="Check its name and permissions.", pl="Sprawdź jego nazwę i uprawnienia.")


def verify(
    context: typer.Context,
    *,
    takeover: OneTakeover = "",
    level: Depth = LevelName.SEALED,
    sample: Sample = "1/1",
    rate: Rate = "0",
    max_duration: MaxDuration = 0,
    known: Known = None,
    restart: Restart = False,
    record: Record = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Verify the archive. Exit code 0: whole; 5: findings; 7: something could not be checked."""
    from repository.upkeep.checking import Level
    from repository.upkeep.verifying import VerifyOrder
    from repository.upkeep.verifying import verify as verified
    from repository.upkeep.witnessing import witness

    screen = screen_of(context)
    screen.kept_so_far = Text(
        en="What was verified is noted. The same command goes on from there.",
        pl="To, co sprawdzono, jest odnotowane. To samo polecenie wznowi weryfikację.",
    )
    order = VerifyOrder(
        level=Level(level.value),
        sample=_sample(sample),
        bytes_per_second=_bytes(rate),
        max_seconds=max_duration,
        known=_read(known),
        restart=restart,
    )
    with opened(screen, writes=record) as archive, screen.progress(en="verifying", pl="weryfikacja") as advance:
        if takeover:
            order = replace(order, takeover=takeover_named(archive, takeover).id)
        report = verified(archive, order, progress=lambda tally: advance(tally.objects, 0))
        if record:
            witness(archive, order, report)
    (_tell_programs if screen.as_json else _tell)(screen, report)
    raise typer.Exit(FINDINGS if report.damage else UNCHECKED if report.tally.unchecked else 0)


def _sample(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if not found or int(found[1]) > int(found[2]):
        raise Misused(en="--sample is not of the form N/T, as in 1/30", pl="--sample nie ma postaci N/T, jak 1/30")
    return int(found[1]), int(found[2])


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,12})([kMG]?)", text)
    if not found:
        raise Misused(en="--rate is no number of bytes, as in 50M", pl="--rate nie jest liczbą bajtów, jak 50M")
    return int(found[1]) * _UNITS[found[2]]


def _read(known: Path | None) -> bytes | None:
    try:
        return known.read_bytes() if known else None
    except OSError as error:
        raise CheckpointUnreadable from error


def _tell_programs(screen: Screen, report: "VerifyReport") -> None:
    from cli.telling import finding_json

    screen.json(
        {
            "run": report.run,
            "level": report.level.value,
            "whole": report.whole,
            "complete": report.complete,
            "tally": asdict(report.tally),
            "findings": [finding_json(screen, finding) for finding in report.findings],
        }
    )


def _tell(screen: Screen, report: "VerifyReport") -> None:
    from cli.telling import finding_line

    tally = report.tally
    objects, items, read = number(tally.objects), number(tally.items), size(tally.bytes)
    screen.say(
        en=f"Verified ({report.level.value}): {objects} objects, {items} items, {read} read.",
        pl=f"Sprawdzono ({report.level.value}): obiektów {objects}, pozycji {items}, odczytano {read}.",
    )
    for finding in report.findings[:_SHOWN]:
        line = finding_line(screen, finding)
        screen.say(en=line, pl=line)
    if len(report.findings) > _SHOWN:
        more = number(len(report.findings) - _SHOWN)
        screen.say(en=f"… and {more} more: --json lists all.", pl=f"… i jeszcze {more}: wszystkie podaje --json.")
    if report.damage:
        screen.say(en="The archive is NOT whole.", pl="Archiwum NIE jest nienaruszone.")
    elif tally.unchecked:
        screen.say(
            en=f"{number(tally.unchecked)} objects could not be checked, which says nothing of damage: run it again.",
            pl=f"Niesprawdzone obiekty: {number(tally.unchecked)}; nie oznacza to uszkodzeń: uruchom ponownie.",
        )
    elif not report.complete:
        screen.say(
            en="The time is up; nothing is wrong so far. The same command goes on from here.",
            pl="Czas minął; dotąd nic nie jest uszkodzone. To samo polecenie wznowi weryfikację.",
        )
    else:
        screen.say(en="The archive is whole.", pl="Archiwum jest nienaruszone.")
