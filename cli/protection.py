"""`edm-archive protection set | lift | approve`: special protection of persons and providers (R463-10.2)."""

from typing import Annotated

import typer

from cli import permitting
from cli.opening import opened, takeover_id
from cli.options import Json, Misused
from cli.screen import screen_of

verbs = typer.Typer(no_args_is_help=True, help="Special protection of persons, their families and providers.")


@verbs.command("set")
def set_command(
    context: typer.Context,
    *,
    patient: Annotated[
        list[str] | None,
        typer.Option("--patient", metavar="PESEL|OID^NUMBER", help="A person; repeated for the family."),
    ] = None,
    takeover: Annotated[
        str, typer.Option("--takeover", metavar="ID", help="The provider; with --patient, in this takeover alone.")
    ] = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Protect persons, or all of a provider: from now on it needs two persons to open what is theirs."""
    from repository.entitlement import protect

    screen = screen_of(context)
    people = [permitting.patient_of(each) for each in patient or ()]
    if not (people or takeover):
        raise Misused(en="one of --patient and --takeover is needed", pl="potrzebne jest --patient albo --takeover")
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        where = takeover_id(archive, takeover)
        flags = protect(archive, *people, takeover=where, by=by)
    if screen.as_json:
        screen.json({"flags": list(flags)})
        return
    named = "\n".join(flags)
    screen.say(
        en=f"Protected. Keep what lifts it:\n{named}", pl=f"Objęto ochroną. Zachowaj to, co ją zdejmuje:\n{named}"
    )


@verbs.command("lift")
def lift_command(
    context: typer.Context,
    flag: Annotated[str, typer.Argument(metavar="FLAG", help="As `set` printed it.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Ask for one flag to be lifted; it is when a second administrator says the same. Others over the person stay."""
    from repository.stewarding.leaves import lift, lifted_body

    screen = screen_of(context)
    with opened(screen) as archive:
        body = lifted_body(lift(archive, permitting.administrator(archive, screen), flag))
    if body["lifted_at"]:
        screen.answer(body, en=f"Lifted at {body['lifted_at']}.", pl=f"Zdjęto: {body['lifted_at']}.")
        return
    screen.answer(
        body,
        en=f"Asked for. The protection lasts until another administrator runs the same, by {body['until']}.",
        pl=f"Zgłoszono. Ochrona trwa, dopóki inny administrator nie poda tego samego, do {body['until']}.",
    )


@verbs.command("approve")
def approve_command(
    context: typer.Context,
    *,
    requester: Annotated[str, typer.Option("--requester", metavar="NAME", help="Who may open it: name or account id.")],
    patient: Annotated[str, typer.Option("--patient", metavar="PESEL|OID^NUMBER", help="By an identifier, …")] = "",
    takeover: Annotated[str, typer.Option("--takeover", metavar="ID", help="… or in this takeover …")] = "",
    number: Annotated[int, typer.Option("--number", metavar="N", min=0, help="… the patient of this number.")] = 0,
    minutes: Annotated[int, typer.Option("--minutes", metavar="N", min=1, max=1440, help="For how long.")] = 60,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """As the second person, let somebody open one protected record for a time."""
    from repository.access.bodies import approval_body
    from repository.stewarding.leaves import let_open

    screen = screen_of(context)
    if bool(patient) == bool(takeover):
        raise Misused(
            en="one of --patient and --takeover is needed, and not both",
            pl="potrzebne jest --patient albo --takeover, nie oba naraz",
        )
    whose = permitting.patient_of(patient) if patient else None
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        where = takeover_id(archive, takeover)
        given, whom = let_open(
            archive, by, requester, minutes=minutes, takeover=where, patient=number, identifier=whose
        )
    body = approval_body(given)
    screen.answer(
        body | {"name": whom.name},
        en=f"Approved until {body['until']}: {given.id}",
        pl=f"Dopuszczono do {body['until']}: {given.id}",
    )
