"""`edm-archive sample`: a synthetic hand-over package, the same bytes for the same arguments."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.screen import Screen, screen_of, size

if TYPE_CHECKING:
    from repository.samples.building import SampleSummary


def sample(
    context: typer.Context,
    *,
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
    patients: Annotated[int, typer.Option("--patients", min=1, max=1_000_000, help="How many patients.")] = 3,
    images: Annotated[int, typer.Option("--images", min=0, max=100_000, help="CT slices of each patient.")] = 4,
    damage: Annotated[
        bool, typer.Option("--damage", metavar="", help="With one of each kind of damage, named in the answer.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other people.")] = 1,
    image_bytes: Annotated[
        int, typer.Option("--image-bytes", min=2, max=1 << 30, help="Bytes of pixels in each slice.")
    ] = 8192,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Write a synthetic hand-over package: nobody in it exists."""
    from repository.samples.building import build_sample

    screen = screen_of(context)
    with screen.progress(en="writing", pl="zapis") as advance:
        built = build_sample(
            dest, patients=patients, images=images, image_bytes=image_bytes, seed=seed, damage=damage, progress=advance
        )
    if screen.as_json:
        screen.json({**asdict(built), "folder": str(built.folder)})
    else:
        _tell(screen, built)


def _tell(screen: Screen, built: "SampleSummary") -> None:
    screen.say(
        en=f"{built.folder}: {built.patients} patients, {built.documents} documents, {built.images} images; "
        f"{built.items} items declared, {size(built.size)}.",
        pl=f"{built.folder}: pacjentów {built.patients}, dokumentów {built.documents}, obrazów {built.images}; "
        f"zadeklarowanych pozycji {built.items}, {size(built.size)}.",
    )
    for kind, en, pl in (
        ("altered", "altered", "zmieniono"),
        ("missing", "missing", "usunięto"),
        ("unexpected", "not declared", "bez deklaracji"),
        ("duplicates", "same bytes twice", "te same bajty dwa razy"),
        ("conflicts", "same identifier, other bytes", "ten sam identyfikator, inne bajty"),
    ):
        for path in getattr(built.damage, kind):
            named = path if isinstance(path, str) else path[0]
            screen.say(en=f"  {en}: {named}", pl=f"  {pl}: {named}")
    screen.say(
        en=f"\nNext: edm-archive takeover receive {built.folder}",
        pl=f"\nDalej: edm-archive takeover receive {built.folder}",
    )
