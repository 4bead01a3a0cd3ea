"""`edm-archive get`: bytes as they were received, checked while they are written, each with its proof."""

from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errand import Basis, Evidence, For, Reason, errand_of
from cli.opening import opened
from cli.options import Json
from cli.screen import Screen, number, screen_of, size
from storage.errors import Text

if TYPE_CHECKING:
    from repository.retrieval import Delivered

NOT_GIVEN = 5
What = Annotated[
    str,
    typer.Argument(
        metavar="WHAT",
        help="TAKEOVER/ORDINAL, TAKEOVER/path:PATH, the UID of a study, series or image, or a document's "
        "ROOT^EXTENSION.",
    ),
]
Dest = Annotated[
    Path,
    typer.Argument(
        metavar="DEST", help="A folder, made if missing; for a single item also a file name with an extension."
    ),
]


@dataclass(slots=True)
class _Summary:
    """What was given out so far. Single files are kept for programs alone: a study may have many."""

    given: int = 0
    size: int = 0
    unproven: int = 0
    refused: list["Delivered"] = field(default_factory=list)
    files: list[dict[str, object]] = field(default_factory=list)

    def add(self, delivered: "Delivered", *, listed: bool) -> None:
        if listed:
            self.files.append(asdict(delivered))
        if delivered.fault:
            self.refused.append(delivered)
            return
        self.given += 1
        self.size += delivered.size
        self.unproven += not delivered.proof


def get(
    context: typer.Context,
    what: What,
    dest: Dest,
    *,
    purpose: For,
    basis: Basis = "",
    reason: Reason = "",
    evidence: Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Give out what was received, bit for bit, with NAME.tlog-proof beside each file. Overwrites nothing.

    As whoever is signed in, for a purpose; the attempt is accounted for. Exit code 10 if nothing of that name is
    available, 5 if something could not be given out; it is named, and the rest is there.
    """
    from repository.access.subject import Operation
    from repository.journal import publish
    from repository.opening import admit
    from repository.retrieval import deliver, resolve, target_for

    screen, done = screen_of(context), _Summary()
    with opened(screen) as archive:
        errand = errand_of(
            archive, screen, purpose=purpose, basis=basis, reason=reason, evidence=evidence, manner="electronic"
        )
        admitted = admit(archive, errand, resolve(archive, what), operation=Operation.READ)
        first = list(islice(admitted, 2))
        target = target_for(dest, single=len(first) == 1)
        with screen.progress(en="giving out", pl="wydawanie") as advance:
            for each in deliver(archive, chain(first, admitted), target):
                done.add(each, listed=screen.as_json)
                screen.kept_so_far = Text(
                    en=f"{done.given} files are written whole. The same command goes on from there.",
                    pl=f"W całości zapisano plików: {done.given}. To samo polecenie wznowi pracę.",
                )
                advance(done.given, 0)
        publish(archive)  # so that the account of this is provable from now on
    if screen.as_json:
        screen.json({"files": done.files, "given": done.given, "refused": len(done.refused), "bytes": done.size})
    else:
        _tell(screen, done, dest)
    raise typer.Exit(NOT_GIVEN if done.refused else 0)


def _tell(screen: Screen, done: _Summary, dest: Path) -> None:
    screen.say(
        en=f"Given out: {number(done.given)} files, {size(done.size)}, in {dest}; proofs beside them.",
        pl=f"Wydano plików: {number(done.given)}, {size(done.size)}, w {dest}; dowody obok nich.",
    )
    for each in done.refused:
        screen.say(en=f"Not given out: {each.name} [{each.fault}]", pl=f"Nie wydano: {each.name} [{each.fault}]")
    if done.unproven:
        screen.say(
            en=f"Without a proof as yet: {number(done.unproven)}; the takeover is still going on.",
            pl=f"Jeszcze bez dowodu: {number(done.unproven)}; przejęcie trwa.",
        )
