"""`edm-archive get`: bytes as they were received, checked while they are written, each with its proof."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
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
    from repository.copying import Copied
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


class Manner(StrEnum):
    """How it is given (UPP art. 27(1)), as accounts and the register call it."""

    ELECTRONIC = "electronic"
    COPY = "copy"
    CARRIER = "carrier"
    VIEW = "view"


How = Annotated[Manner, typer.Option("--manner", help="How it is given: first copies are counted (UPP art. 28).")]


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
    manner: How = Manner.ELECTRONIC,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Give out what was received, bit for bit, with NAME.tlog-proof beside each file. Overwrites nothing.

    As whoever is signed in, for a purpose; the attempt is accounted for. Exit code 10 if nothing of that name is
    available, 5 if something could not be given out; it is named, and the rest is there. What is given at a patient's
    request as a copy or on a carrier is counted: the first copy is free.
    """
    from repository.access.subject import Operation
    from repository.copying import Counting
    from repository.journal import publish
    from repository.opening import admit
    from repository.retrieval import deliver, resolve, target_for

    screen, done = screen_of(context), _Summary()
    with opened(screen) as archive:
        errand = errand_of(
            archive, screen, purpose=purpose, basis=basis, reason=reason, evidence=evidence, manner=manner.value
        )
        counting = Counting(archive, errand)
        admitted = admit(archive, errand, resolve(archive, what), operation=Operation.READ)
        first = list(islice(admitted, 2))
        target = target_for(dest, single=len(first) == 1)
        with screen.progress(en="giving out", pl="wydawanie") as advance:
            for each in deliver(archive, counting.passing(chain(first, admitted)), target):
                done.add(each, listed=screen.as_json)
                if not each.fault:
                    counting.arrived()
                screen.kept_so_far = Text(
                    en=f"{done.given} files are written whole. The same command goes on from there.",
                    pl=f"W całości zapisano plików: {done.given}. To samo polecenie wznowi pracę.",
                )
                advance(done.given, 0)
        copies = counting.settle()
        publish(archive)  # so that the account of this is provable from now on
    if screen.as_json:
        told = {"files": done.files, "given": done.given, "refused": len(done.refused), "bytes": done.size}
        screen.json(told | {"manner": manner.value, "copies": [asdict(each) | {"free": each.free} for each in copies]})
    else:
        _tell(screen, done, dest)
        _tell_copies(screen, copies)
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


def _tell_copies(screen: Screen, copies: "Sequence[Copied]") -> None:
    for each in copies:
        whose, before = ", ".join(each.records), ", ".join(each.before)
        if not each.entitled:
            screen.say(
                en=f"{whose}: a copy for somebody who is neither the patient nor the statutory representative is not "
                "free (UPP art. 28(2a)(1)).",
                pl=f"{whose}: kopia dla osoby innej niż pacjent lub jego przedstawiciel ustawowy nie jest bezpłatna "
                "(art. 28 ust. 2a pkt 1 ustawy o prawach pacjenta).",
            )
        elif each.first:
            screen.say(
                en=f"{whose}: the first copy in this scope, free of charge (UPP art. 28(2a)(1)).",
                pl=f"{whose}: pierwsza kopia w tym zakresie, bezpłatna (art. 28 ust. 2a pkt 1 ustawy o prawach "
                "pacjenta).",
            )
        else:
            screen.say(en=f"{whose}: not the first copy.", pl=f"{whose}: to nie jest pierwsza kopia.")
        if each.before:
            screen.say(en=f"Given before: {before}", pl=f"Wydane już wcześniej: {before}")
