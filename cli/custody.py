"""`edm-archive custody show | give`: who has a takeover in custody (R463-6.2)."""

from typing import Annotated

import typer

from cli import permitting
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import heads, screen_of
from repository.consents.errors import OptionUnreadable

verbs = typer.Typer(no_args_is_help=True, help="Who has a takeover in custody.")


@verbs.command("show")
def show_command(context: typer.Context, takeover: TakeoverId, as_json: Json = False) -> None:  # noqa: ARG001
    """Every custodian of a takeover, the present one last; for anybody who is signed in."""
    from cli.identity import signed_in
    from repository.access.bodies import custody_body
    from repository.clock import instant

    screen = screen_of(context)
    with opened(screen) as archive:
        signed_in(archive, screen)
        known = takeover_named(archive, takeover)
        found = archive.catalogue.entitling.custodians_of(known.id)
    if screen.as_json:
        screen.json({"takeover": known.id, "custody": [custody_body(each) | {"name": name} for each, name in found]})
        return
    titles = heads(("Custodian", "Przechowujący"), ("Number", "Numer"), ("Since", "Od"), ("Until", "Do"))
    table = [
        (name, permitting.words_of(each.custodian), instant(each.since), instant(each.until) if each.until else "–")
        for each, name in found
    ]
    screen.table(titles, table, whole=(1, 2, 3))


@verbs.command("give")
def give_command(
    context: typer.Context,
    *,
    takeover: TakeoverId,
    custodian: Annotated[
        str, typer.Option("--custodian", metavar="NUMBER", help="In a register: RPWDL:…, REGON:…, or OID^NUMBER.")
    ],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Its name.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Pass custody on, now: the old custodian's access ends and the new one's begins at the same instant."""
    from repository.access.bodies import custody_body
    from repository.entitlement import give_custody

    screen = screen_of(context)
    whom = permitting.number_of("--custodian", custodian)
    if not name.strip():
        raise OptionUnreadable(option="--name")
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        known = takeover_named(archive, takeover)
        given = give_custody(archive, known.id, whom, name=name, by=by)
    row = custody_body(given)
    screen.answer(
        {"takeover": known.id, "name": name} | row,
        en=f"In custody of {name} since {row['since']}.",
        pl=f"Przechowuje {name} od {row['since']}.",
    )
