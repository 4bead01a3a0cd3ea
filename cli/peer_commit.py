"""`edm-archive peer commit | commitments`: a peer that was given images says that it keeps them (DICOM PS3.4 J).

An administrator asks; the peer reports to the DICOM door (`edm-archive serve`) whenever it has looked.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import permitting
from cli.opening import DOOR, opened, takeover_named
from cli.options import Json
from cli.screen import heads, number, screen_of

if TYPE_CHECKING:
    from repository.catalogue.commitments import Commitment
    from repository.runtime import Archive

REFUSED = 6  # exit code: the peer has not taken all of it on


def commit_command(
    context: typer.Context,
    *,
    ae_title: Annotated[str, typer.Argument(metavar="AE-TITLE", help="The peer that was given the images.")],
    takeover: Annotated[str, typer.Option("--takeover", metavar="ID", help="The takeover that they are of.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Ask a peer for its commitment to the images of a takeover, as far as it may know of them.

    It reports to the DICOM door when it has looked: see `peer commitments`. Exit code 6: it refuses. Run again after a
    fault, only what was not asked for yet is asked for.
    """
    import os

    from dicom_gateway.committing import ask
    from dicom_gateway.settings import settings_of
    from repository.catalogue.commitments import CommitmentState
    from repository.commitment.wishing import prepared
    from repository.peers.errors import PeerUnknown
    from repository.peers.registering import registered

    screen, settings = screen_of(context), settings_of(os.environ)
    with opened(screen) as archive:
        permitting.administrator(archive, screen)
        known = registered(archive, ae_title)
        if known is None:
            raise PeerUnknown(ae_title=ae_title)
        transactions = prepared(archive, known, takeover_named(archive, takeover), door=DOOR)
        made = list(ask(archive, known, transactions, settings=settings))
        refused = [each for each in made if each.state is CommitmentState.REFUSED]
        rows = [_as_row(archive, each) for each in made]
    count, no = number(sum(len(each.instances) for each in made)), number(len(refused))
    screen.answer(
        {"commitments": rows},
        en=f"Asked for: images {count}, in transactions {number(len(made))}; refused: {no}.",
        pl=f"Poproszono o potwierdzenie: obrazy {count}, transakcje {number(len(made))}; odmowy: {no}.",
    )
    raise typer.Exit(REFUSED if refused else 0)


def commitments_command(
    context: typer.Context,
    *,
    ae_title: Annotated[str, typer.Argument(metavar="[AE-TITLE]", help="Of this peer alone.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The newest so many.")] = 100,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Storage commitments: what peers asked of the archive, and the archive of them; what came of it, who knows.

    With --json each failed instance with its reason (PS3.3 C.14.1.1; -1: the peer has said nothing of it), and the job
    of one that waits.
    """
    screen = screen_of(context)
    with opened(screen) as archive:
        permitting.administrator(archive, screen)
        found = archive.catalogue.commitments.listing(peer=ae_title, limit=limit)
        rows = [_as_row(archive, each) for each in found] if screen.as_json else []
    if screen.as_json:
        screen.json({"commitments": rows})
        return
    if not found:
        screen.say(en="There are no storage commitments.", pl="Nie ma transakcji storage commitment.")
        return
    screen.table(
        heads(
            ("Asked at", "Poproszono"),
            ("Peer", "Węzeł"),
            ("Whose images", "Czyje obrazy"),
            ("State", "Stan"),
            ("Images", "Obrazy"),
            ("Failed", "Niepotwierdzone"),
            ("Transaction", "Transakcja"),
        ),
        [
            [
                each.asked_at[:19] + "Z", each.peer, each.side.value, each.state.value, number(len(each.instances)),
                number(len(each.failures)), each.transaction,
            ]
            for each in found
        ],
    )  # fmt: skip


def _as_row(archive: "Archive", each: "Commitment") -> dict[str, Any]:
    from repository.commitment.asking import job_of

    job = job_of(archive, each)
    return {
        "id": each.id,
        "side": each.side.value,
        "peer": each.peer,
        "transaction": each.transaction,
        "state": each.state.value,
        "takeovers": list(each.takeovers),
        "instances": len(each.instances),
        "failed": [
            {"sop_class": one.sop_class, "sop_instance": one.uid, "reason": reason} for one, reason in each.failed
        ],
        "asked_at": each.asked_at,
        "settled_at": each.settled_at,
        "told_at": each.told_at,
        "job": None
        if job is None
        else {"id": job.id, "state": job.state.value, "code": job.code, "due_at": job.due_at},
    }
