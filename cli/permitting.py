"""What `consent` and `grant` share: options, who may write, and how a permission is shown."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.screen import Screen, heads
from repository.consents.errors import OptionUnreadable

if TYPE_CHECKING:
    from repository.access.permission import Grantee, Permission
    from repository.access.principal import Principal
    from repository.domain.describing import Identifier
    from repository.runtime import Archive

T = TypeVar("T")
Patient = Annotated[str, typer.Option("--patient", metavar="PESEL|OID^NUMBER", help="Whose documentation.")]
InTakeover = Annotated[str, typer.Option("--takeover", metavar="ID", help="In this takeover alone.")]
To = Annotated[str, typer.Option("--grantee", metavar="WHO", help="RPWDL:…, NPWZ:…, PESEL:…, SYSTEM:…, ANYBODY, …")]
ToName = Annotated[str, typer.Option("--grantee-name", metavar="TEXT", help="Their name.")]
FromName = Annotated[str, typer.Option("--grantor-name", metavar="TEXT", help="Who says so, by name.")]
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


def words_of(identifier: "Identifier") -> str:
    """As `patient_of` reads it."""
    return f"{identifier.root}^{identifier.extension}"


def number_of(option: str, text: str) -> "Identifier":
    """A number in a register: OID^NUMBER, a PESEL, or RPWDL:…, REGON:…, NIP:…, NPWZ:…, PESEL:…. Raises as `read`."""
    from repository.consents.grammar import grantee_of_words, identifier_of_words

    def number() -> "Identifier":
        found = identifier_of_words(text) if "^" in text or ":" not in text else grantee_of_words(text).identifier
        if found is None or not found.root:
            raise ValueError("not a number in a register")
        return found

    return read(option, number)


def grantee_of(text: str, name: str) -> "Grantee":
    from repository.consents.grammar import grantee_of_words

    return read("--grantee", lambda: grantee_of_words(text, name=name))


def administrator(archive: "Archive", screen: Screen) -> "Principal":
    """Who is signed in. Raises `NotYoursToGive` for anybody but an administrator."""
    from cli.identity import signed_in
    from repository.stewarding.standing import require_administrator

    return require_administrator(signed_in(archive, screen))


def giver(archive: "Archive", screen: Screen, takeover: str) -> "Principal":
    """Who is signed in and may give in `takeover` (an id). Raises `NotYoursToGive`."""
    from cli.identity import signed_in
    from repository.stewarding.standing import require_giver

    return require_giver(archive, signed_in(archive, screen), takeover)


def named(archive: "Archive", screen: Screen, takeover: str) -> str:
    """The id of the takeover that `takeover` begins, told only to somebody who is signed in; empty where none is said.
    Raises `NobodySignedIn`, `TakeoverUnknown`."""
    from cli.identity import signed_in
    from cli.opening import takeover_id

    signed_in(archive, screen)
    return takeover_id(archive, takeover)


def as_row(permission: "Permission") -> dict[str, Any]:
    from repository.access.bodies import permission_body
    from repository.clock import instant

    ended = instant(permission.ended_at) if permission.ended_at else None
    return permission_body(permission) | {"ended_at": ended, "end_reason": permission.end_reason}


def tell(screen: Screen, permission: "Permission", *, en: str, pl: str) -> None:
    """One that was just written."""
    screen.answer(
        as_row(permission),
        en=f"{en}: {permission.id}, edition {permission.edition}",
        pl=f"{pl}: {permission.id}, wersja {permission.edition}",
    )


def tell_ended(screen: Screen, id: str, at: str, *, reason: str) -> None:  # noqa: A002
    screen.answer(
        {"id": id, "ended_at": at, "end_reason": reason}, en=f"{id} has ended: {at}", pl=f"{id} – zakończono: {at}"
    )


def tell_list(screen: Screen, name: str, permissions: "Iterable[Permission]") -> None:
    found = list(permissions)
    if screen.as_json:
        screen.json({name: [as_row(each) for each in found]})
        return
    titles = heads(
        ("Id", "Id"), ("Ed.", "W."), ("Kind", "Rodzaj"), ("For", "Dla"), ("Purposes", "Cele"), ("State", "Stan")
    )
    rows = [
        (
            each.id, each.edition, each.kind.value, _whom(each), ", ".join(sorted(each.purposes)) or "*",
            each.end_reason or (str(each.ended_at) if each.ended_at else "–"),
        )
        for each in found
    ]  # fmt: skip
    screen.table(titles, rows, numbers=(1,), whole=(0,))


def _whom(permission: "Permission") -> str:
    known = permission.grantee.identifier
    return permission.grantee.name or (words_of(known) if known else permission.grantee.kind.value)
