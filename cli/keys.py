"""`edm-archive keys show | backup | rotate`: the key ring, which is worth as much as the archive."""

from pathlib import Path
from typing import Annotated

import typer

from cli.opening import opened, settings
from cli.options import Json
from cli.screen import number, screen_of
from storage.errors import Text

verbs = typer.Typer(no_args_is_help=True, help="Root keys and the public key of the archive.")


@verbs.command("show")
def show_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Which keys there are, and the public key for those who check proofs. Nothing secret is shown."""
    screen = screen_of(context)
    with opened(screen) as archive:
        ring, verifier = archive.ring, archive.log_key
        epochs = [{"epoch": epoch, "created": ring.created(epoch)} for epoch in ring.epochs]
        answer = {
            "archive": archive.id.hex,
            "key_ring": str(ring.path),
            "protected_by": ring.protected_by,
            "active_epoch": ring.active_epoch,
            "epochs": epochs,
            "verifier_key": verifier,
        }
    if screen.as_json:
        screen.json(answer)
        return
    protection = {
        "key-file": Text(en="a key file", pl="plik klucza"),
        "passphrase": Text(en="a passphrase", pl="hasło"),
    }
    screen.facts(
        (
            (Text(en="Archive", pl="Archiwum"), answer["archive"]),
            (Text(en="Key ring", pl="Pęk kluczy"), answer["key_ring"]),
            (Text(en="Opened by", pl="Otwiera go"), screen.text(protection[ring.protected_by])),
            (Text(en="Public key", pl="Klucz publiczny"), verifier),
        )
    )
    for each in epochs:
        active = each["epoch"] == answer["active_epoch"]
        screen.say(
            en=f"Root key {each['epoch']}, made {each['created']}" + (", active" if active else ""),
            pl=f"Klucz główny {each['epoch']}, utworzony {each['created']}" + (", czynny" if active else ""),
        )


@verbs.command("backup")
def backup_command(
    context: typer.Context,
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="A file that is not there yet.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Copy the key ring, still sealed by its passphrase or key file, to a file that only you can read."""
    screen = screen_of(context)
    with opened(screen) as archive:
        archive.ring.back_up(dest)
    if screen.as_json:
        screen.json({"backup": str(dest)})
        return
    screen.say(
        en=f"The key ring is copied to {dest}. It opens with the same passphrase or key file as before: "
        "keep that in another place. Copy it again after `keys rotate`.",
        pl=f"Pęk kluczy skopiowano do {dest}. Otwiera go to samo hasło lub plik klucza co dotąd: "
        "przechowuj je gdzie indziej. Po `keys rotate` skopiuj go ponownie.",
    )


@verbs.command("rotate")
def rotate_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Make a new root key, wrap all record keys under it, and destroy the old one. Moves no payload.

    Not while `serve` or `worker` runs on this machine: those would go on with the old key, and store nothing more.
    """
    from dataclasses import asdict

    from repository.home_lock import unused
    from repository.settings import read_home
    from repository.upkeep.rotating import rotate
    from repository.uploads.keeping import uploads_of

    screen = screen_of(context)
    screen.kept_so_far = Text(
        en="Everything can be opened as before. The same command finishes the rotation.",
        pl="Wszystko można otworzyć jak dotąd. To samo polecenie dokończy wymianę.",
    )
    home = settings().home
    read_home(home)
    with unused(home):
        pass  # whoever begins during the rotation finds both root keys in the ring
    with opened(screen, writes=True) as archive, screen.progress(en="keys", pl="klucze") as advance:
        done = rotate(archive, progress=lambda seen: advance(seen, 0), also=uploads_of(archive).reseal)
    if screen.as_json:
        screen.json({**asdict(done), "destroyed": list(done.destroyed)})
        return
    gone = ", ".join(map(str, done.destroyed)) or "–"
    screen.say(
        en=f"Root key {done.epoch} is active; {number(done.moved)} record keys were moved to it; destroyed: {gone}.\n"
        "Old backups of the key ring open nothing that is new. Now: edm-archive keys backup DEST",
        pl=f"Czynny jest klucz główny {done.epoch}; przeniesiono pod niego kluczy akt: {number(done.moved)}; "
        f"zniszczono: {gone}.\nStare kopie pęku kluczy nie otworzą niczego nowego. Teraz: "
        "edm-archive keys backup DOKĄD",
    )
