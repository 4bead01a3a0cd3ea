"""What `consent` and `grant` share: options, who may write, and how a permission is shown."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.screen import Screen
from repository.consents.errors import NotYoursToGive, OptionUnreadable
from storage.errors import Text

if TYPE_CHECKING:
    from datetime import datetime

    from repository.access.permission import Permission
    from repository.access.principal import Principal
    from repository.access.subject import Scope
    from repository.domain.describing import Identifier
    from repository.runtime import Archive

T = TypeVar("T")
Words = list[str] | None
Patient = Annotated[str, typer.Option("--patient", metavar="PESEL|OID^NUMBER", help="Whose documentation.")]
InTakeover = Annotated[str, typer.Option("--takeover", metavar="ID", help="In this takeover alone.")]
To = Annotated[str, typer.Option("--grantee", metavar="WHO", help="RPWDL:…, NPWZ:…, PESEL:…, SYSTEM:…, ANYBODY, …")]
ToName = Annotated[str, typer.Option("--grantee-name", metavar="TEXT", help="Their name.")]
FromName = Annotated[str, typer.Option("--grantor-name", metavar="TEXT", help="Who says so, by name.")]
Purposes = Annotated[
    Words, typer.Option("--purpose", metavar="WORD", help="treatment, continuity, …; may be repeated.")
]
Documents = Annotated[Words, typer.Option("--document", metavar="OID^NUMBER", help="Only this document.")]
Classes = Annotated[Words, typer.Option("--class", metavar="CODE", help="Only documents of this class.")]
Events = Annotated[Words, typer.Option("--event", metavar="OID^NUMBER", help="Only of this medical event.")]
Studies = Annotated[Words, typer.Option("--study", metavar="UID", help="Only this study.")]
Specialties = Annotated[Words, typer.Option("--specialty", metavar="CODE", help="Only of this specialty.")]
From = Annotated[str, typer.Option("--from", metavar="DAY", help="Only what is of this day or later.")]
Until = Annotated[str, typer.Option("--to", metavar="DAY", help="Only what is of this day or earlier.")]
ValidFrom = Annotated[
    str, typer.Option("--valid-from", metavar="DAY", help="In force from this day on; else from now.")
]
ValidTo = Annotated[str, typer.Option("--valid-to", metavar="DAY", help="In force to the end of this day.")]
Evidence = Annotated[str, typer.Option("--evidence", metavar="TEXT", help="Where the statement can be seen.")]
PermissionId = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]


def read(option: str, reader: Callable[[], T]) -> T:
    """What `reader` gives. Raises `OptionUnreadable`, without repeating the value."""
    try:
        return reader()
    except (ValueError, KeyError):
        raise OptionUnreadable(option=option) from None


def patient_of(text: str) -> "Identifier":
    from repository.consents.grammar import identifier_of_words

    return read("--patient", lambda: identifier_of_words(text))


def scope_of(
    documents: Words, classes: Words, *, events: Words, studies: Words, specialties: Words, first: str, last: str
) -> "Scope":
    from repository.consents.grammar import scope_of_limits

    limits = {
        "DOCUMENT": documents, "CLASS": classes, "EVENT": events, "STUDY": studies, "SPECIALTY": specialties,
        "FROM": [first] if first else None, "TO": [last] if last else None,
    }  # fmt: skip
    said = {name: values for name, values in limits.items() if values}
    return read("--document, --event, --study, --from, --to", lambda: scope_of_limits(said))


def valid(first: str, last: str, *, now: "datetime") -> "tuple[datetime, datetime | None]":
    """From the beginning of the one day to the end of the other, in Poland."""
    from repository.consents.grammar import day_of_words

    start = read("--valid-from", lambda: day_of_words(first)[0]) if first else now
    return start, read("--valid-to", lambda: day_of_words(last)[1]) if last else None


def administrator(archive: "Archive", screen: Screen) -> "Principal":
    """Who is signed in. Raises `NotYoursToGive` for anybody but an administrator."""
    from cli.identity import signed_in
    from repository.access.principal import PrincipalKind

    who = signed_in(archive, screen)
    if who.kind is not PrincipalKind.ADMINISTRATOR:
        raise NotYoursToGive
    return who


def giver(archive: "Archive", screen: Screen, takeover: str) -> "Principal":
    """Who is signed in: an administrator, or a medical worker of whoever has `takeover` (an id) in custody now.
    Raises `NotYoursToGive`."""
    from cli.identity import signed_in
    from repository.access.identity import same
    from repository.access.principal import PrincipalKind

    who = signed_in(archive, screen)
    if who.kind is PrincipalKind.ADMINISTRATOR:
        return who
    history = archive.catalogue.entitling.custody_of(takeover) if takeover else ()
    ours = who.organisation is not None and bool(history) and same(history[-1].custodian, who.organisation.identifier)
    if who.kind is not PrincipalKind.MEDICAL_WORKER or not ours:
        raise NotYoursToGive
    return who


def named(archive: "Archive", screen: Screen, takeover: str) -> str:
    """The id of the takeover that `takeover` begins, told only to somebody who is signed in; empty where none is said.
    Raises `NobodySignedIn`, `TakeoverUnknown`."""
    from cli.identity import signed_in
    from cli.opening import takeover_named

    signed_in(archive, screen)
    return takeover_named(archive, takeover).id if takeover else ""


def held(archive: "Archive", screen: Screen, id: str, *, grant: bool) -> "tuple[Permission, Principal]":  # noqa: A002
    """The last edition of a grant, or else of a consent or objection, and who is signed in and may change it.

    Raises `PermissionUnknown`, whether there is none, or it is not for whoever is signed in, or (for workers) about
    somebody under special protection: from outside there is no telling which.
    """
    from cli.identity import signed_in
    from cli.letting_in import Showing
    from repository.access.errors import PermissionUnknown
    from repository.access.principal import PrincipalKind

    signed_in(archive, screen)
    known = archive.catalogue.entitling.permission(id)
    if known is None or (known.kind.value == "grant") is not grant:
        raise PermissionUnknown
    try:
        by = giver(archive, screen, known.takeover)
    except NotYoursToGive:
        raise PermissionUnknown from None
    showing = Showing(archive, by, takeover=known.takeover)
    if by.kind is not PrincipalKind.ADMINISTRATOR and not showing.is_open(known.patient):
        raise PermissionUnknown
    return known, by


def as_row(permission: "Permission") -> dict[str, Any]:
    from repository.access.bodies import permission_body
    from repository.clock import instant

    ended = instant(permission.ended_at) if permission.ended_at else None
    return permission_body(permission) | {"ended_at": ended, "end_reason": permission.end_reason}


def tell(screen: Screen, permission: "Permission", *, en: str, pl: str) -> None:
    """One that was just written."""
    if screen.as_json:
        screen.json(as_row(permission))
        return
    screen.say(
        en=f"{en}: {permission.id}, edition {permission.edition}",
        pl=f"{pl}: {permission.id}, wersja {permission.edition}",
    )


def tell_ended(screen: Screen, id: str, at: str, *, reason: str) -> None:  # noqa: A002
    if screen.as_json:
        screen.json({"id": id, "ended_at": at, "end_reason": reason})
        return
    screen.say(en=f"{id} has ended: {at}", pl=f"{id} – zakończono: {at}")


def tell_list(screen: Screen, name: str, permissions: "Iterable[Permission]") -> None:
    found = list(permissions)
    if screen.as_json:
        screen.json({name: [as_row(each) for each in found]})
        return
    heads = (("Id", "Id"), ("Ed.", "W."), ("Kind", "Rodzaj"), ("For", "Dla"), ("Purposes", "Cele"), ("State", "Stan"))
    rows = [
        (
            each.id, each.edition, each.kind.value, _whom(each), ", ".join(sorted(each.purposes)) or "*",
            each.end_reason or (str(each.ended_at) if each.ended_at else "–"),
        )
        for each in found
    ]  # fmt: skip
    screen.table([Text(en=en, pl=pl) for en, pl in heads], rows, numbers=(1,), whole=(0,))


def _whom(permission: "Permission") -> str:
    known = permission.grantee.identifier
    return permission.grantee.name or (f"{known.root}^{known.extension}" if known else permission.grantee.kind.value)
