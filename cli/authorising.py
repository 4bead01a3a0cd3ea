"""`edm-archive user authorise | unauthorise`: an administrator opens content only while another one has authorised it.

The authorisation is a deed (UPP art. 24(2)): who, by whom, why, until when, and of which takeover.
"""

from typing import Annotated

import typer

from cli import permitting
from cli.opening import opened, takeover_named
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
    from repository.access.errors import AuthorisationUnfit
    from repository.access.facts import Authorisation
    from repository.access.principal import PrincipalKind
    from repository.catalogue.people_rows import PersonState
    from repository.consents.grammar import day_of_words
    from repository.entitlement import authorise

    screen = screen_of(context)
    _, end = permitting.read("--until", lambda: day_of_words(until))
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        where = takeover_named(archive, takeover).id if takeover else ""
        known = archive.catalogue.people.person(name)
        unfit = known is None or known.kind is not PrincipalKind.ADMINISTRATOR or known.state is not PersonState.ACTIVE
        if known is None or unfit:
            raise AuthorisationUnfit
        asked = Authorisation("", known.account, where, by.id, reason.strip(), archive.clock(), end)
        given = authorise(archive, asked, by=by)
    body = authorisation_body(given)
    if screen.as_json:
        screen.json(body | {"name": known.name})
        return
    screen.say(
        en=f"Authorised until {body['until']}: {given.id}\nTo end it: edm-archive user unauthorise {given.id}",
        pl=f"Upoważniono do {body['until']}: {given.id}\nZakończenie: edm-archive user unauthorise {given.id}",
    )


def unauthorise_command(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="As `authorise` printed it.")],  # noqa: A002
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """End an authorisation now: the next reading is decided without it."""
    from repository.access.errors import NothingToEnd
    from repository.entitlement import end_leave

    screen = screen_of(context)
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        known = archive.catalogue.entitling.authorisation(id)
        if known is None or known.until <= archive.clock():
            raise NothingToEnd
        ended = end_leave(archive, id, by=by)
    permitting.tell_ended(screen, id, ended.at, reason="ended")
