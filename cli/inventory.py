"""`edm-archive takeover inventory | inventory check`: what a takeover holds of images, as a DICOM inventory."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errand import Basis, Evidence, For, Reason, errand_of
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import number, screen_of

verbs = typer.Typer(no_args_is_help=True, help="Check by an inventory of images, without the archive.")
_NAMED = 20  # missing images that people are told by name; programs are told all
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write it there; overwrites nothing.")]


def inventory(
    context: typer.Context,
    *,
    takeover_id: TakeoverId,
    purpose: For,
    output: Output = None,
    basis: Basis = "",
    reason: Reason = "",
    evidence: Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """List the studies, series and instances of an ended takeover, each instance with its SHA-256 and log index.

    As whoever is signed in, for a purpose: of what you may learn of, which is accounted for. Exit code 10 if that is
    nothing. Without a file it only says what the inventory would be.
    """
    from repository.delivering import Target
    from repository.inventories import as_file, inventory_of
    from repository.journal import publish

    screen = screen_of(context)
    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        errand = errand_of(archive, screen, purpose=purpose, basis=basis, reason=reason, evidence=evidence)
        found = inventory_of(archive, errand, takeover)
        if output is not None:
            target = Target(output.parent, output.name)
            target.write(target.place(output.name), as_file(archive, errand, found))
            target.settle()
        publish(archive)  # so that the account of this is provable from now on
    row = {"id": takeover.id, "sop_instance_uid": found.uid, "studies": found.studies}
    written = str(output) if output is not None else "–"
    screen.answer(
        row | ({"file": str(output)} if output is not None else {}),
        en=f"Studies: {number(found.studies)}. SOP Instance UID: {found.uid}. Written: {written}",
        pl=f"Badań: {number(found.studies)}. SOP Instance UID: {found.uid}. Zapisano: {written}",
    )


@verbs.command("check")
def check_command(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    package: Annotated[Path, typer.Argument(metavar="PACKAGE")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Is every image that the inventory FILE tells of in PACKAGE, bit for bit? Exit code 0: yes; 5: no."""
    from repository.inventory_checking import InventoryNotRead, check

    screen = screen_of(context)
    try:
        with file.open("rb") as stream:
            checked = check(stream, package)
    except OSError as error:
        raise InventoryNotRead from error
    told, missing = number(checked.instances), number(len(checked.missing))
    names = "".join(f"\n  {each}" for each in checked.missing[:_NAMED])
    screen.answer(
        {
            "whole": checked.whole,
            "instances": checked.instances,
            "missing": list(checked.missing),
            "others": checked.others,
            "rejected": checked.rejection.code if checked.rejection else "",
        },
        en=f"Images: {told}; not there with these bytes: {missing}; other files: {number(checked.others)}.{names}",
        pl=f"Obrazów: {told}; brak z tymi bajtami: {missing}; innych plików: {number(checked.others)}.{names}",
    )
    raise typer.Exit(0 if checked.whole else 5)
