"""`edm-archive takeover protocol`: the signed paper, whole or not at all, for what is signed cannot be cut."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errand import Basis, Evidence, MaybeFor, Reason, errand_of
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import Screen, screen_of

if TYPE_CHECKING:
    from repository.domain.takeover import Takeover
    from repository.opening import Errand
    from repository.runtime import Archive


def protocol(
    context: typer.Context,
    *,
    takeover_id: TakeoverId,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page for people.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the signed JSON.")] = None,
    purpose: MaybeFor = None,
    basis: Basis = "",
    reason: Reason = "",
    evidence: Evidence = "",
    as_json: Json = False,  # noqa: ARG001  it is JSON anyway
) -> None:
    """The signed protocol (protokół przekazania), its signature checked against the archive's key.

    Where it names files it needs a purpose, and whoever is signed in has to be one who may learn of all that was kept;
    that is accounted for. Exit code 10 otherwise.
    """
    from repository.access.errors import PurposeNeeded
    from repository.papers import paper_for

    screen = screen_of(context)

    def errand(archive: "Archive") -> "Errand":
        if purpose is None:
            raise PurposeNeeded
        return errand_of(archive, screen, purpose=purpose, basis=basis, reason=reason, evidence=evidence)

    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        paper = paper_for(archive, takeover, lambda: errand(archive))
        log_key = archive.log_key
    _give(screen, takeover, paper, log_key=log_key, html=html, out=out)


def _give(
    screen: Screen, takeover: "Takeover", paper: bytes, *, log_key: str, html: Path | None, out: Path | None
) -> None:
    from repository.delivering import write_paper

    if html is not None:
        from repository.takeover.rendering import protocol_page

        write_paper(html, protocol_page(paper, json.loads(paper), log_key=log_key).encode())
    if out is not None:
        write_paper(out, paper)
    if html is None and out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(paper + (b"\n" if sys.stdout.isatty() else b""))
        sys.stdout.buffer.flush()
        return
    written = [str(file) for file in (html, out) if file is not None]
    if screen.as_json:
        screen.json({"id": takeover.id, "files": written})
    else:
        screen.say(
            en=f"Signature checked; written: {', '.join(written)}",
            pl=f"Podpis sprawdzono; zapisano: {', '.join(written)}",
        )
