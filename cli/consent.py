"""`edm-archive consent give | withdraw | list | show | import | export`: what patients allow and object to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import permitting as options
from cli.opening import DOOR, opened
from cli.options import Json, Misused
from cli.screen import Screen, screen_of
from cli.terms import Said, with_terms
from repository.consents.errors import OptionUnreadable
from storage.errors import Text

if TYPE_CHECKING:
    from repository.access.permission import Permission
    from repository.runtime import Archive

InTakeover = Annotated[
    str,
    typer.Option("--takeover", metavar="ID", help="In this takeover alone; workers of the custodian always name it."),
]
verbs = typer.Typer(no_args_is_help=True, help="Consents and objections of patients.")


@verbs.command("give")
@with_terms
def give_command(
    context: typer.Context,
    *,
    patient: options.Patient,
    grantee: options.To,
    grantee_name: options.ToName = "",
    grantor: Annotated[
        str, typer.Option("--grantor", metavar="WORD", help="PATIENT, REPRESENTATIVE:PESEL, COURT")
    ] = "PATIENT",
    grantor_name: Annotated[str, typer.Option("--grantor-name", metavar="TEXT", help="Who says so, by name.")] = "",
    against: Annotated[bool, typer.Option("--objection", metavar="", help="It is an objection.")] = False,
    takeover: InTakeover = "",
    said: Said,
    evidence: options.Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Record what a patient has said, in force from now on. Without limits it is about the whole documentation."""
    from repository.access.permission import PermissionKind
    from repository.consents.grammar import grantor_of_words
    from repository.entitlement import give

    screen, kind = screen_of(context), PermissionKind.OBJECTION if against else PermissionKind.CONSENT
    terms, whose = said.understood(kind), options.patient_of(patient)
    whom = options.grantee_of(grantee, grantee_name)
    who = options.read("--grantor", lambda: grantor_of_words(grantor, kind, patient=whose, name=grantor_name))
    with opened(screen) as archive:
        where = options.named(archive, screen, takeover)
        by = options.giver(archive, screen, where)
        made = terms.made(whom, who, takeover=where, patient=whose, evidence=evidence, now=archive.clock())
        given = give(archive, made, by=by)
    options.tell(screen, given, en="Recorded", pl="Zapisano")


@verbs.command("withdraw")
def withdraw_command(context: typer.Context, id: options.PermissionId, as_json: Json = False) -> None:  # noqa: A002, ARG001
    """End a consent or an objection: the next request is decided without it."""
    from cli.identity import signed_in
    from repository.stewarding.permissions import end

    screen = screen_of(context)
    with opened(screen) as archive:
        ended = end(archive, signed_in(archive, screen), id, grant=False, door=DOOR)
    options.tell_ended(screen, id, ended.at, reason=ended.reason)


@verbs.command("list")
def list_command(
    context: typer.Context,
    *,
    patient: options.Patient = "",
    takeover: InTakeover = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Every edition, ended ones too, of a patient's consents and objections, or of those bound to a takeover. Those
    about somebody under special protection are shown to whoever was let in."""
    from cli.identity import signed_in
    from repository.stewarding.permissions import listed

    screen = screen_of(context)
    if not (patient or takeover):
        raise Misused(en="one of --patient and --takeover is needed", pl="potrzebne jest --patient albo --takeover")
    whose = options.patient_of(patient) if patient else None
    with opened(screen) as archive:
        where = options.named(archive, screen, takeover)
        found = listed(archive, signed_in(archive, screen), patient=whose, takeover=where, grant=False, door=DOOR)
    options.tell_list(screen, "consents", found)


@verbs.command("show")
def show_command(context: typer.Context, id: options.PermissionId, as_json: Json = False) -> None:  # noqa: A002, ARG001
    """The last edition, with all of its limits."""
    screen = screen_of(context)
    with opened(screen) as archive:
        known = _shown(archive, screen, id)
    row = options.as_row(known)
    if screen.as_json:
        screen.json(row)
        return
    screen.facts((Text(en=name, pl=name), _flat(value)) for name, value in row.items())


@verbs.command("export")
def export_command(context: typer.Context, id: options.PermissionId, as_json: Json = False) -> None:  # noqa: A002, ARG001
    """Write the last edition as a FHIR Consent (IHE PCF) to standard output."""
    from repository.consents.fhir_consent import consent_resource

    screen = screen_of(context)
    with opened(screen) as archive:
        resource = consent_resource(_shown(archive, screen, id), archive=archive.id.hex)
    screen.json(resource)


@verbs.command("import")
def import_command(
    context: typer.Context,
    *,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A FHIR Consent, or a Bundle of them.", exists=True, dir_okay=False),
    ],
    takeover: InTakeover = "",
    policy: Annotated[
        list[str] | None, typer.Option("--policy", metavar="URI", help="A policy that you have read and accept.")
    ] = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Record FHIR Consents as new permissions: all of the file, or, where one is not understood, none of it."""
    from dataclasses import replace

    from repository.consents.fhir_consent import POLICIES, permissions_in
    from repository.entitlement import give_all
    from repository.packages.strict_json import NotStrictJson, read_strict_json

    screen = screen_of(context)
    try:
        with file.open("rb") as stream:
            content = read_strict_json(stream, largest=64 << 20)
    except NotStrictJson:
        raise OptionUnreadable(option="FILE") from None
    found: list[Permission] = []
    for each in permissions_in(content, policies=POLICIES | set(policy or ())):
        if isinstance(each, Exception):
            raise each
        found.append(each)
    with opened(screen) as archive:
        where = options.named(archive, screen, takeover)
        by = options.giver(archive, screen, where)
        given = give_all(archive, [replace(each, id="", takeover=where or each.takeover) for each in found], by=by)
    options.tell_list(screen, "consents", given)


def _shown(archive: "Archive", screen: Screen, id: str) -> "Permission":  # noqa: A002
    """The consent or objection, once it is accounted for that it was asked for. Raises `PermissionUnknown`, also for
    whoever may not see it."""
    from cli.identity import signed_in
    from repository.stewarding.permissions import shown

    return shown(archive, signed_in(archive, screen), id, grant=False, door=DOOR)


def _flat(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
