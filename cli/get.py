"""`edm-archive get`: bytes as they were received, checked while they are written, each with its proof."""

from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from cli.opening import opened
from cli.options import Json
from cli.screen import number, screen_of, size
from storage.errors import Text

NOT_GIVEN = 5


def get(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="TAKEOVER/ORDINAL, TAKEOVER/path:PATH, the UID of a study, series or image, or a document's ROOT^EXTENSION.",
        ),
    ],
    dest: Annotated[
        Path,
        typer.Argument(
            metavar="DEST", help="A folder, made if missing; for a single item also a file name with an extension."
        ),
    ],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Give out what was received, bit for bit, with NAME.tlog-proof beside each file. Overwrites nothing.

    Exit code 5 if something could not be given out; it is named, and the rest is there.
    """
    from repository.retrieval import deliver, resolve, target_for

    screen, given, refused, unproven, total = screen_of(context), 0, [], 0, 0
    files: list[dict[str, object]] = []
    with opened(screen) as archive:
        found = resolve(archive, what)
        first = list(islice(found, 2))
        target = target_for(dest, single=len(first) == 1)
        with screen.progress(en="giving out", pl="wydawanie") as advance:
            for each in deliver(archive, chain(first, found), target):
                advance(given + len(refused) + 1, 0)
                if each.fault:
                    refused.append(each)
                else:
                    given, total = given + 1, total + each.size
                    unproven += not each.proof
                    screen.kept_so_far = Text(
                        en=f"{given} files are written whole. The same command goes on from there.",
                        pl=f"W całości zapisano plików: {given}. To samo polecenie wznowi pracę.",
                    )
                if screen.as_json:
                    named = {"what": each.name, "size": each.size, "sha256": each.sha256}
                    files.append(named | {"file": each.file, "proof": each.proof, "fault": each.fault})
    if screen.as_json:
        screen.json({"files": files, "given": given, "refused": len(refused), "bytes": total})
    else:
        screen.say(
            en=f"Given out: {number(given)} files, {size(total)}, each with its proof, in {dest}.",
            pl=f"Wydano plików: {number(given)}, {size(total)}, każdy z dowodem, w {dest}.",
        )
        for each in refused:
            screen.say(en=f"Not given out: {each.name} [{each.fault}]", pl=f"Nie wydano: {each.name} [{each.fault}]")
        if unproven:
            screen.say(
                en=f"Without a proof as yet: {number(unproven)}; the takeover is still going on.",
                pl=f"Jeszcze bez dowodu: {number(unproven)}; przejęcie trwa.",
            )
    raise typer.Exit(NOT_GIVEN if refused else 0)
