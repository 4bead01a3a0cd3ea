"""`edm-archive db upgrade`: the catalogue gets the schema of this version."""

import typer

from cli.opening import settings
from cli.options import Json
from cli.screen import screen_of

verbs = typer.Typer(no_args_is_help=True, help="The catalogue's database.")


@verbs.command("upgrade")
def upgrade_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Bring the catalogue to the schema of this version, in one transaction. Needs no key."""
    from repository.catalogue.catalogue import upgrade_catalogue
    from repository.home_lock import sole_writer
    from repository.settings import read_home

    screen, found = screen_of(context), settings()
    home = read_home(found.home)
    with sole_writer(found.home):
        before, after = upgrade_catalogue(home.catalogue)
    if screen.as_json:
        screen.json({"before": before, "after": after})
    elif before == after:
        screen.say(en=f"The catalogue has schema {after} already.", pl=f"Katalog ma już schemat {after}.")
    else:
        screen.say(
            en=f"The catalogue was upgraded from {before} to {after}.", pl=f"Katalog podniesiono z {before} do {after}."
        )
