"""`edm-archive doctor`: is this installation fit to take over and to keep? Reads only, and needs no key."""

from typing import Any

import typer

from cli.opening import settings
from cli.options import Json
from cli.screen import screen_of

_MARKS = {"ok": "✓", "warning": "!", "wrong": "✗"}


def doctor(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Look at the home, the keys, the catalogue, the store, the disk, the clock and unfinished work.

    Exit code 0: nothing is wrong (warnings may be there); 1: something is.
    """
    from cli.checkup import examined

    screen, found = screen_of(context), settings()
    checks = list(examined(found))
    wrong = any(check.state == "wrong" for check in checks)
    if screen.as_json:
        told: list[dict[str, Any]] = [
            {
                "name": check.name,
                "state": check.state,
                "detail": screen.text(check.detail),
                "todo": screen.text(check.todo) if check.todo else "",
            }
            for check in checks
        ]
        screen.json({"healthy": not wrong, "checks": told})
        raise typer.Exit(1 if wrong else 0)
    for check in checks:
        line = f"{_MARKS[check.state]} {check.name}: {screen.text(check.detail)}"
        screen.say(en=line, pl=line)
        if check.todo:
            screen.say(en=f"    → {check.todo.en}", pl=f"    → {check.todo.pl}")
    if wrong:
        screen.say(en="\nSomething is wrong.", pl="\nCoś jest nie w porządku.")
    elif any(check.state == "warning" for check in checks):
        screen.say(
            en="\nNothing is wrong; what is marked with ! wants to be seen to.",
            pl="\nWszystko działa; sprawy oznaczone ! wymagają uwagi.",
        )
    else:
        screen.say(en="\nNothing is wrong.", pl="\nWszystko w porządku.")
    raise typer.Exit(1 if wrong else 0)
