"""What for: the options by which every verb that shows what patients left here is told its purpose (R463-10.3)."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.identity import signed_in
from cli.screen import Screen
from repository.access.purpose import Purpose

if TYPE_CHECKING:
    from repository.opening import Errand
    from repository.runtime import Archive

For = Annotated[Purpose, typer.Option("--purpose", help="What for. There is no reading without a purpose.")]
MaybeFor = Annotated[
    Purpose | None,
    typer.Option("--purpose", help="What for. Names of files may say whose they are: without a purpose none is told."),
]
Basis = Annotated[str, typer.Option("--basis", metavar="CODE", help="Legal basis: UPP-26.3.3, … (docs/access.md).")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="In words; an emergency needs it.")]
Evidence = Annotated[str, typer.Option("--evidence", metavar="TEXT", help="The letter, order or demand it answers.")]


def errand_of(
    archive: "Archive",
    screen: Screen,
    *,
    purpose: Purpose,
    basis: str = "",
    reason: str = "",
    evidence: str = "",
    manner: str = "",
) -> "Errand":
    """The errand of whoever is signed in. Raises as `signed_in`."""
    from repository.opening import Errand

    return Errand(
        principal=signed_in(archive, screen),
        purpose=purpose,
        door="cli",
        basis=basis,
        reason=reason,
        evidence=evidence,
        manner=manner,
    )
