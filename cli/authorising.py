"""`edm-archive user authorise | unauthorise`: an administrator opens content only while another one has authorised it.

The authorisation is a deed (UPP art. 24(2)): who, by whom, why, until when, and of which takeover.
"""

from typing import Annotated

import typer

from cli import permitting
from cli.opening import opened, takeover_id
from cli.options import Json
from cli.screen import screen_of


def authorise_command(
    context: typer.Context,
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The administrator who is to open content: name or account id.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What for, in words.")],
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="To the end of this day.")],
    takeover: permitting.InTakeover = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Let another administrator open content for maintenance until a day; each reading stands out in the accounts."""
    from repository.access.bodies import authorisation_body
    from repository.consents.grammar import day_of_words
    from repository.stewarding.leaves import let_repair

    screen = screen_of(context)
    _, end = permitting.read("--until", lambda: day_of_words(until))
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        where = takeover_id(archive, takeover)
        given, known = let_repair(archive, by, name, reason=reason, until=end, takeover=where)
    body = authorisation_body(given)
    screen.answer(
        body | {"name": known.name},
        en=f"Authorised until {body['until']}: {given.id}\nTo end it: edm-archive user unauthorise {given.id}",
        pl=f"Upoważniono do {body['until']}: {given.id}\nZakończenie: edm-archive user unauthorise {given.id}",
    )


def unauthorise_command(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="As `authorise` printed it.")],  # noqa: A002
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """End an authorisation now: the next reading is decided without it."""
    from repository.stewarding.leaves import end_repair

    screen = screen_of(context)
    with opened(screen) as archive:
        ended = end_repair(archive, permitting.administrator(archive, screen), id)
    permitting.tell_ended(screen, id, ended.at, reason="ended")
