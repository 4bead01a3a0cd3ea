"""`edm-archive takeover open | close`: a takeover that peers push into before the provider closes.

An administrator opens it and says who may push; each is a deed. Closing it is what the end of a package is.
"""

from typing import Annotated, Any

import typer

from cli import binding, permitting, receive
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import number, screen_of
from repository.domain.takeover import Handover, Producer, Route, State


def _declared(name: str, *, help: str) -> Any:  # noqa: A002  typer's word
    return typer.Option(name, min=-1, help=help, rich_help_panel="What the provider declares")


def open_command(
    context: typer.Context,
    *,
    producer_name: Annotated[str, typer.Option("--producer-name", help="The provider that will close.")],
    peer: binding.Peers,
    until: binding.Until = "",
    rpwdl: Annotated[str, typer.Option("--rpwdl", help="Number of the RPWDL book.")] = "",
    regon: Annotated[str, typer.Option("--regon", help="Its REGON, 9 or 14 digits.")] = "",
    nip: Annotated[str, typer.Option("--nip", help="Its NIP, 10 digits.")] = "",
    route: Annotated[Route | None, typer.Option("--route", help="Legal route (UPP art. 30a).")] = None,
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="In words, as the protocol is to say it.")] = "",
    studies: Annotated[int, _declared("--studies", help="How many studies will come; -1: it does not say.")] = -1,
    instances: Annotated[int, _declared("--instances", help="How many images and other instances.")] = -1,
    patients: Annotated[int, _declared("--patients", help="Of how many patients.")] = -1,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Open a takeover that peers push into over STOW-RS, C-STORE or ITI-65, until it is closed."""
    from repository.handing_over import checked
    from repository.peers.titles import title_of
    from repository.transfer.opening import open_transfer

    screen = screen_of(context)
    peers, end = binding.named(peer), binding.end_of(until)
    declared = {"studies": studies, "instances": instances, "patients": patients}
    handover = Handover(
        producer=Producer(name=producer_name, rpwdl_book=rpwdl, regon=regon, nip=nip),
        legal_basis=legal_basis,
        route=route,
        declared_counts={name: count for name, count in declared.items() if count >= 0},
    )
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        takeover = open_transfer(archive, checked(handover), peers=peers, until=end, by=by)
        bound = binding.rows_of(archive, takeover)
    if screen.as_json:
        screen.json({"id": takeover.id, "state": takeover.state.value, "peers": len(peers), "bindings": bound})
        return
    screen.say(
        en=f"Open: {takeover.id}; {number(len(peers))} may push into it. Its own AE title: {title_of(takeover)}\n"
        f"To end it: edm-archive takeover close {takeover.id}",
        pl=f"Otwarto: {takeover.id}; uprawnionych do przekazywania: {number(len(peers))}. "
        f"Własny tytuł AE: {title_of(takeover)}\n"
        f"Zakończenie: edm-archive takeover close {takeover.id}",
    )


def close_command(
    context: typer.Context,
    takeover_id: TakeoverId,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """End a live takeover: nobody pushes any more, and the statement and the signed protocol are made.

    Exit code 0: accepted; 3: with exceptions; 4: rejected. Of one that was closed before, the outcome is shown.
    """
    from repository.jobs.foreground import conclude_here

    screen = screen_of(context)
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        takeover = conclude_here(archive, takeover_named(archive, takeover_id), by=by)
        receive.answer(screen, archive, takeover)
    raise typer.Exit(receive.EXIT[State(takeover.state)])
