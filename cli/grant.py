"""`edm-archive grant give | change | revoke | list`: what a custodian lets others read of a takeover."""

import typer

from cli import permitting as options
from cli.identity import signed_in
from cli.opening import DOOR, opened, takeover_named
from cli.options import Json
from cli.screen import screen_of
from cli.terms import Said, with_terms

verbs = typer.Typer(no_args_is_help=True, help="Grants of the custodian, to whole or part of a takeover.")


@verbs.command("give")
@with_terms
def give_command(
    context: typer.Context,
    *,
    takeover: options.InTakeover,
    grantee: options.To,
    grantee_name: options.ToName = "",
    patient: options.Patient = "",
    said: Said,
    evidence: options.Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Let somebody read a takeover, or one patient's part of it; without limits all of that."""
    from repository.access.permission import PermissionKind
    from repository.entitlement import give
    from repository.stewarding.permissions import grantor_of

    screen = screen_of(context)
    terms, whom = said.understood(PermissionKind.GRANT), options.grantee_of(grantee, grantee_name)
    whose = options.patient_of(patient) if patient else None
    with opened(screen) as archive:
        signed_in(archive, screen)  # nobody else is told whether there is such a takeover
        where = takeover_named(archive, takeover).id
        by = options.giver(archive, screen, where)
        made = terms.made(whom, grantor_of(by), takeover=where, patient=whose, evidence=evidence, now=archive.clock())
        given = give(archive, made, by=by)
    options.tell(screen, given, en="Granted", pl="Nadano")


@verbs.command("change")
@with_terms
def change_command(
    context: typer.Context,
    *,
    id: options.PermissionId,  # noqa: A002
    said: Said,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Make the next edition: what is said anew replaces what was, limits as a whole; the rest stays."""
    from repository.access.errors import PermissionUnknown
    from repository.access.permission import PermissionKind
    from repository.entitlement import give
    from repository.stewarding.permissions import held

    screen, terms = screen_of(context), said.understood(PermissionKind.GRANT, new=False)
    with opened(screen) as archive:
        by = signed_in(archive, screen)
        known = held(archive, by, id, grant=True, door=DOOR)
        if known.ended_at is not None:
            raise PermissionUnknown
        given = give(archive, terms.changed(known), by=by)
    options.tell(screen, given, en="Changed", pl="Zmieniono")


@verbs.command("revoke")
def revoke_command(context: typer.Context, id: options.PermissionId, as_json: Json = False) -> None:  # noqa: A002, ARG001
    """End a grant: the next request is decided without it."""
    from repository.stewarding.permissions import end

    screen = screen_of(context)
    with opened(screen) as archive:
        ended = end(archive, signed_in(archive, screen), id, grant=True, door=DOOR)
    options.tell_ended(screen, id, ended.at, reason=ended.reason)


@verbs.command("list")
def list_command(
    context: typer.Context,
    takeover: options.InTakeover,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Every edition of the grants in a takeover, ended ones too. Those about somebody under special protection are
    shown to whoever was let in."""
    from repository.stewarding.permissions import listed

    screen = screen_of(context)
    with opened(screen) as archive:
        where = options.named(archive, screen, takeover)
        found = listed(archive, signed_in(archive, screen), patient=None, takeover=where, grant=True, door=DOOR)
    options.tell_list(screen, "grants", found)
