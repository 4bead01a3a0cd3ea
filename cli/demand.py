"""`edm-archive demand …`: demands (zapotrzebowania), from the message to both confirmations (R463-5)."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.demanding import (
    STATES,
    at_work,
    content_of,
    holding_named,
    moved,
    name_of,
    order_in,
    say,
    tell_many,
    told,
)
from cli.opening import takeover_named
from cli.options import Json
from cli.screen import screen_of
from repository.domain.demand import DemandState, Place

if TYPE_CHECKING:
    from repository.access.principal import Principal
    from repository.demands.order import Demand
    from repository.runtime import Archive

verbs = typer.Typer(no_args_is_help=True, help="Demands: another party asks for a record, and gets it signed.")

DemandId = Annotated[str, typer.Argument(metavar="ID", help="The demand.")]


@verbs.command("submit")
def submit_command(
    context: typer.Context,
    message: Annotated[
        Path,
        typer.Argument(metavar="FILE.json", help="The message; you are its requester.", exists=True, dir_okay=False),
    ],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Submit a demand in your own name, and get a receipt or the list of its errors."""
    from repository.demands.moving import found
    from repository.demands.submitting import ErrorList, accept_or_reject, submit

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        demand = submit(archive, order_in(content_of(message), by, known_as=name_of(archive, by)))
        answer = accept_or_reject(archive, demand.id, by=by)
        demand = found(archive, demand.id)
    faults = answer.faults if isinstance(answer, ErrorList) else ()
    if screen.as_json:
        listed = [
            {"code": f.code, "severity": f.severity, "path": f.path, "message": screen.text(f.message), "rule": f.rule,
             "rules": f.rules} for f in faults
        ]  # fmt: skip
        screen.json(told(demand) | {"errors": listed})
    else:
        say(screen, demand)
        for fault in faults:
            line = f"  {fault.path}: {screen.text(fault.message)} ({fault.code}, {fault.rule} {fault.rules})"
            screen.say(en=line, pl=line)
    if faults:
        raise typer.Exit(3)


@verbs.command("list")
def list_command(
    context: typer.Context,
    state: Annotated[list[DemandState] | None, typer.Option("--state", help="Only those that stand there.")] = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Where each demand stands that is yours, or that you serve."""
    from repository.demands.standing import listed

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        demands = listed(archive, by, states=state or ())
    tell_many(screen, sorted(demands, key=lambda each: each.id))


@verbs.command("queue")
def queue_command(
    context: typer.Context,
    takeover: Annotated[str, typer.Option("--takeover", metavar="ID", help="Of one takeover.")] = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Demands that wait to be prepared, the longest waiting first."""
    from repository.demands.verifying import queue

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        of_one = takeover_named(archive, takeover).id if takeover else ""
        demands = queue(archive, by=by, takeover=of_one)
    tell_many(screen, demands)


@verbs.command("show")
def show_command(context: typer.Context, demand_id: DemandId, as_json: Json = False) -> None:  # noqa: ARG001
    """What is demanded, and every move with who made it and when. Whose record it is, medical workers are told."""
    from repository.demands.telling import told_whole

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        demand, answer = told_whole(archive, demand_id, to=by)
    if screen.as_json:
        screen.json(answer)
        return
    say(screen, demand)
    for move in answer["moves"]:
        state = screen.text(STATES[DemandState(move["state"])])
        line = f"  {move['at'][:19]}Z  {state}  {move['by']}".rstrip()
        screen.say(en=line, pl=line)
    for each in answer["confirmations"]:
        screen.say(
            en=f"  {each['at'][:19]}Z  receipt confirmed: {each['place']}",
            pl=f"  {each['at'][:19]}Z  odbiór potwierdzony: {each['place']}",
        )


@verbs.command("verify")
def verify_command(context: typer.Context, demand_id: DemandId, as_json: Json = False) -> None:  # noqa: ARG001
    """Decide whether the requester may have it. A refusal ends the demand, with its reason."""
    from repository.demands.telling import deciding
    from repository.demands.verifying import verify

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        verdict = verify(archive, demand_id, decide=deciding(archive), by=by, door="cli")
    reasons = verdict.decision.told
    if screen.as_json:
        screen.json(told(verdict.demand) | {"reasons": list(reasons), "rules": verdict.decision.rules})
    else:
        say(screen, verdict.demand)
        for reason in reasons:
            screen.say(en=f"  {reason}", pl=f"  {reason}")
    if reasons:
        raise typer.Exit(6)


@verbs.command("forward")
def forward_command(context: typer.Context, demand_id: DemandId, as_json: Json = False) -> None:  # noqa: ARG001
    """Put a verified demand into the queue of those who prepare."""
    from repository.demands.verifying import forward

    moved(context, lambda archive, by: forward(archive, demand_id, by=by))


@verbs.command("prepare")
def prepare_command(
    context: typer.Context,
    demand_id: DemandId,
    what: Annotated[list[str], typer.Argument(metavar="WHAT…", help="Holdings: TAKEOVER/ORDINAL, as search tells.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the bytes to be signed.")] = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Freeze the content, as the medical worker who is signed in; the same worker then signs it."""
    from repository.delivering import write_paper
    from repository.demands.preparing import prepare
    from repository.demands.signing import to_be_signed
    from repository.demands.telling import deciding

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        holdings = [holding_named(archive, each) for each in what]
        demand = prepare(archive, demand_id, worker=by, holdings=holdings, decide=deciding(archive))
        text = to_be_signed(archive, demand_id, worker=by)
    digest = json.loads(text)["content_sha256"]
    if out is not None:
        write_paper(out, text)
    if screen.as_json:
        screen.json(told(demand) | {"content_sha256": digest, "to_be_signed": text.decode()})
        return
    say(screen, demand)
    screen.say(en=f"SHA-256 of the content: {digest}", pl=f"SHA-256 treści: {digest}")
    if out is not None:
        screen.say(en=f"To be signed: {out}", pl=f"Do podpisu: {out}")


@verbs.command("sign")
def sign_command(
    context: typer.Context,
    demand_id: DemandId,
    *,
    signature: Annotated[
        Path,
        typer.Option(
            "--signature", metavar="FILE", help="Over the bytes of `prepare --out`.", exists=True, dir_okay=False
        ),
    ],
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="PEM or DER.", exists=True, dir_okay=False),
    ] = None,
    kind: Annotated[str, typer.Option("--kind", metavar="qualified|trusted|personal")] = "qualified",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Take over the worker's own signature, bare or detached CMS, and seal it."""
    from repository.demands.signing import sign
    from repository.evidence.worker_signature import Supplied

    known = content_of(certificate) if certificate is not None else b""
    supplied = Supplied(kind, content_of(signature), known)
    moved(context, lambda archive, by: sign(archive, demand_id, worker=by, signature=supplied))


@verbs.command("send")
def send_command(
    context: typer.Context,
    demand_id: DemandId,
    channel: Annotated[str, typer.Option("--channel", metavar="TEXT", help="How it goes: a name for the record.")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the message that is sent.")] = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Record that the signed content was sent; nothing unsigned can be."""
    from repository.canonical import canonical
    from repository.delivering import write_paper
    from repository.demands.signing import outgoing, send
    from repository.demands.telling import deciding

    def sent(archive: "Archive", by: "Principal") -> "Demand":
        demand = send(archive, demand_id, by=by, decide=deciding(archive), channel=channel)
        if out is not None:
            write_paper(out, canonical(outgoing(archive, demand_id, by=by)))
        return demand

    moved(context, sent)


@verbs.command("receive")
def receive_command(
    context: typer.Context,
    demand_id: DemandId,
    sha256: Annotated[str, typer.Option("--sha256", metavar="HEX", help="Of the content as the requester has it.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Record that the requester has received exactly what was frozen."""
    from repository.demands.receiving import receive

    moved(context, lambda archive, by: receive(archive, demand_id, content_sha256=sha256, by=by))


@verbs.command("confirm")
def confirm_command(
    context: typer.Context,
    demand_id: DemandId,
    place: Annotated[Place, typer.Option("--place", help="Where the receipt is confirmed.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Confirm the receipt in one of both places. With both, the demand is confirmed."""
    from repository.demands.receiving import confirm

    moved(context, lambda archive, by: confirm(archive, demand_id, place=place, by=by))


@verbs.command("expire")
def expire_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """End the demands that have stood in one state for too long."""
    from repository.demands.expiring import expire_due

    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        expired = expire_due(archive, archive.clock(), by=by)
    tell_many(screen, expired)
