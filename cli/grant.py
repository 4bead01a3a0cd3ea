"""`edm-archive grant give | change | revoke | list`: what a custodian lets others read of a takeover."""

from dataclasses import replace

import typer

from cli import permitting as options
from cli.opening import opened, takeover_named
from cli.options import Json
from cli.screen import screen_of

verbs = typer.Typer(no_args_is_help=True, help="Grants of the custodian, to whole or part of a takeover.")


@verbs.command("give")
def give_command(
    context: typer.Context,
    *,
    takeover: options.InTakeover,
    grantee: options.To,
    grantee_name: options.ToName = "",
    patient: options.Patient = "",
    purpose: options.Purposes = None,
    document: options.Documents = None,
    class_code: options.Classes = None,
    event: options.Events = None,
    study: options.Studies = None,
    specialty: options.Specialties = None,
    first: options.From = "",
    last: options.Until = "",
    valid_from: options.ValidFrom = "",
    valid_to: options.ValidTo = "",
    evidence: options.Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Let somebody read a takeover, or one patient's part of it; without limits all of that."""
    from repository.access.permission import Grantor, Permission, PermissionKind
    from repository.consents.grammar import grantee_of_words, purposes_of_words
    from repository.entitlement import give

    screen = screen_of(context)
    kind = PermissionKind.GRANT
    scope = options.scope_of(
        document, class_code, events=event, studies=study, specialties=specialty, first=first, last=last
    )
    whose = options.patient_of(patient) if patient else None
    with opened(screen) as archive:
        where = takeover_named(archive, takeover).id
        by = options.giver(archive, screen, where)
        start, end = options.valid(valid_from, valid_to, now=archive.clock())
        capacity = "administrator" if by.kind.value == "administrator" else "custodian"
        organisation = by.organisation.identifier if by.organisation else None
        made = Permission(
            id="",
            kind=kind,
            takeover=where,
            patient=whose,
            grantor=Grantor(capacity, f"{by.given_name} {by.surname}".strip(), organisation),
            grantee=options.read("--grantee", lambda: grantee_of_words(grantee, name=grantee_name)),
            scope=scope,
            purposes=options.read("--purpose", lambda: purposes_of_words("|".join(purpose or [""]), kind)),
            valid_from=start,
            valid_to=end,
            evidence=evidence,
            recorded_at=archive.clock(),
        )
        given = give(archive, made, by=by)
    options.tell(screen, given, en="Granted", pl="Nadano")


@verbs.command("change")
def change_command(
    context: typer.Context,
    *,
    id: options.PermissionId,  # noqa: A002
    purpose: options.Purposes = None,
    document: options.Documents = None,
    class_code: options.Classes = None,
    event: options.Events = None,
    study: options.Studies = None,
    specialty: options.Specialties = None,
    first: options.From = "",
    last: options.Until = "",
    valid_from: options.ValidFrom = "",
    valid_to: options.ValidTo = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Make the next edition: what is said anew replaces what was, limits as a whole; the rest stays."""
    from repository.access.errors import PermissionUnknown
    from repository.consents.grammar import purposes_of_words
    from repository.entitlement import give

    screen = screen_of(context)
    limits = (document, class_code, event, study, specialty, first, last)
    scope = options.scope_of(
        document, class_code, events=event, studies=study, specialties=specialty, first=first, last=last
    )
    with opened(screen) as archive:
        known, by = options.held(archive, screen, id, grant=True)
        if known.ended_at is not None:
            raise PermissionUnknown
        start, end = options.valid(valid_from, valid_to, now=archive.clock())
        words = "|".join(purpose or [])
        changed = replace(
            known,
            scope=scope if any(limits) else known.scope,
            purposes=options.read("--purpose", lambda: purposes_of_words(words, known.kind))
            if purpose
            else known.purposes,
            valid_from=start if valid_from else known.valid_from,
            valid_to=end if valid_to else known.valid_to,
        )
        given = give(archive, changed, by=by)
    options.tell(screen, given, en="Changed", pl="Zmieniono")


@verbs.command("revoke")
def revoke_command(context: typer.Context, id: options.PermissionId, as_json: Json = False) -> None:  # noqa: A002, ARG001
    """End a grant: the next request is decided without it."""
    from repository.entitlement import withdraw

    screen = screen_of(context)
    with opened(screen) as archive:
        _known, by = options.held(archive, screen, id, grant=True)
        ended = withdraw(archive, id, reason="revoked", by=by)
    options.tell_ended(screen, id, ended.at, reason="revoked")


@verbs.command("list")
def list_command(
    context: typer.Context,
    takeover: options.InTakeover,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Every edition of the grants in a takeover, ended ones too. Those about somebody under special protection are
    shown to whoever was let in."""
    from cli.letting_in import Showing

    screen = screen_of(context)
    with opened(screen) as archive:
        where = options.named(archive, screen, takeover)
        by = options.giver(archive, screen, where)
        known = archive.catalogue.entitling.permissions(takeover=where, kind="grant")
        found = Showing(archive, by, takeover=where).permissions(known)
    options.tell_list(screen, "grants", found)
