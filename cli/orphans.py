"""`edm-archive storage orphans`: objects that were stored and never acknowledged, listed or deleted."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import opened
from cli.options import Json
from cli.screen import number, screen_of, size
from storage.errors import Text

if TYPE_CHECKING:
    from repository.upkeep.reaping import Orphan


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
    if found:
        heads = Text(en="Object", pl="Obiekt"), Text(en="Size", pl="Rozmiar"), Text(en="Takeover", pl="Przejęcie")
        state = {
            True: screen.text(Text(en="open", pl="otwarte")),
            False: screen.text(Text(en="ended", pl="zakończone")),
        }
        screen.table(heads, [(each.key, size(each.size), state[each.open_takeover]) for each in found], numbers=(1,))
    if reap:
        screen.say(en=f"Deleted: {number(len(found))}.", pl=f"Usunięto: {number(len(found))}.")
    elif not found:
        screen.say(en="There are none.", pl="Nie ma żadnych.")
