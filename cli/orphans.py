"""`edm-archive storage orphans`: objects that were stored and never acknowledged, listed or deleted."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import opened
from cli.options import Json
from cli.screen import Screen, heads, number, screen_of, size
from storage.errors import Text

if TYPE_CHECKING:
    from repository.upkeep.reaping import Orphan

_SHOWN = 50


def orphans_command(
    context: typer.Context,
    *,
    reap: Annotated[
        bool, typer.Option("--reap", metavar="", help="Delete them; those of open takeovers stay.")
    ] = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """List what an interrupted run left in the store. A takeover that goes on sees to its own."""
    from repository.upkeep.reaping import orphans
    from repository.upkeep.reaping import reap as delete

    screen = screen_of(context)
    with opened(screen, writes=reap) as archive:
        found: list[Orphan] = delete(archive) if reap else list(orphans(archive))
    if screen.as_json:
        listed = [{"key": each.key, "bytes": each.size, "open_takeover": each.open_takeover} for each in found]
        screen.json({"reaped": reap, "orphans": listed})
        return
    if found and not reap:
        _tell(screen, found)
    elif reap:
        screen.say(en=f"Deleted: {number(len(found))}.", pl=f"Usunięto: {number(len(found))}.")
    else:
        screen.say(en="There are none.", pl="Nie ma żadnych.")


def _tell(screen: Screen, found: "list[Orphan]") -> None:
    """The first of them, how many there are, and what may be done about them."""
    state = {True: screen.text(Text(en="open", pl="otwarte")), False: screen.text(Text(en="ended", pl="zakończone"))}
    screen.table(
        heads(("Object", "Obiekt"), ("Size", "Rozmiar"), ("Takeover", "Przejęcie")),
        [(each.key, size(each.size) if each.size else "–", state[each.open_takeover]) for each in found[:_SHOWN]],
        numbers=(1,),
    )
    if len(found) > _SHOWN:
        more = number(len(found) - _SHOWN)
        screen.say(en=f"… and {more} more: --json lists all.", pl=f"… i jeszcze {more}: wszystkie podaje --json.")
    if ended := sum(not each.open_takeover for each in found):
        screen.say(
            en=f"Left over for good: {number(ended)}. They are deleted by: edm-archive storage orphans --reap",
            pl=f"Pozostało na stałe: {number(ended)}. Usuwa je: edm-archive storage orphans --reap",
        )
    if waiting := len(found) - ended:
        screen.say(
            en=f"Of unfinished work: {number(waiting)}. They stay until it has ended.",
            pl=f"Z nieukończonej pracy: {number(waiting)}. Pozostają, aż się zakończy.",
        )
