"""`edm-archive takeover list | show | statement | protocol`: what became of each package."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import receive
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import number, screen_of
from storage.errors import Text

verbs = typer.Typer(no_args_is_help=True, help="Take over packages, and see what became of them.")
verbs.command("receive")(receive.receive)


@verbs.command("list")
def list_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """All takeovers, oldest first."""
    from cli import telling
    from repository.takeover.explaining import STATES

    screen = screen_of(context)
    with opened(screen) as archive:
        takeovers = archive.catalogue.takeovers()
    if screen.as_json:
        screen.json({"takeovers": [telling.takeover_json(takeover) for takeover in takeovers]})
        return
    if not takeovers:
        screen.say(en="No takeovers yet.", pl="Nie ma jeszcze przejęć.")
        return
    rows = [
        (each.id, screen.text(STATES[each.state.value]), each.opened_at[:10], each.handover.producer.name or "–")
        for each in takeovers
    ]
    heads = ("Takeover", "Przejęcie"), ("State", "Stan"), ("Opened", "Otwarto"), ("Producer", "Przekazujący")
    screen.table([Text(en=en, pl=pl) for en, pl in heads], rows, whole=(0,))


@verbs.command("show")
def show_command(context: typer.Context, takeover_id: TakeoverId, as_json: Json = False) -> None:  # noqa: ARG001
    """Who handed over, in which state it is, what is kept, what happened to it."""
    from cli import telling

    screen = screen_of(context)
    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        counts = archive.catalogue.counts(takeover.number)
        events = archive.catalogue.events(takeover.number)
        findings = archive.catalogue.findings(takeover.number, ordinal=0)
    if screen.as_json:
        happened = [
            {"kind": event.kind, "at": event.at, "outcome": event.outcome, "detail": event.detail} for event in events
        ]
        screen.json(
            {
                **telling.takeover_json(takeover),
                "counts": receive.counts_json(counts),
                "findings": [telling.finding_json(screen, finding) for finding in findings],
                "events": happened,
            }
        )
        return
    telling.tell_takeover(screen, takeover)
    screen.space()
    telling.tell_kept(screen, counts)
    telling.tell_findings(screen, findings)
    screen.say(en="\nWhat happened:", pl="\nCo się działo:")
    for event in events:
        line = f"  {telling.moment(event.at)}  {event.kind}: {event.outcome}"
        screen.say(en=line, pl=line)


@verbs.command("statement")
def statement_command(
    context: typer.Context,
    takeover_id: TakeoverId,
    items: Annotated[bool, typer.Option("--items", metavar="", help="List every item with its lot.")] = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """The balance of declared against received, with every exception named."""
    from cli import telling
    from repository.intake import statement_of

    screen = screen_of(context)
    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        statement = statement_of(archive, takeover)
        every = archive.catalogue.items(takeover.number)
        if screen.as_json:
            head = {"id": takeover.id, "state": takeover.state.value, "statement": telling.statement_json(statement)}
            if items:
                screen.json_with_rows(head, "items", map(telling.item_json, every))
            else:
                screen.json(head)
            return
        telling.tell_balance(screen, statement)
        telling.tell_counts(screen, statement)
        telling.tell_exceptions(screen, takeover, statement.exceptions, most=len(statement.exceptions))
        screen.say(
            en=f"\nKept: {number(statement.tally.holdings)} items, {number(statement.tally.holding_bytes)} bytes.\n"
            f"SHA-256 of the list of items: {statement.items_sha256}",
            pl=f"\nZachowano pozycji: {number(statement.tally.holdings)}, bajtów: "
            f"{number(statement.tally.holding_bytes)}.\nSHA-256 wykazu pozycji: {statement.items_sha256}",
        )
        if items:
            screen.space()
            telling.tell_items(screen, every)


@verbs.command("protocol")
def protocol_command(
    context: typer.Context,
    takeover_id: TakeoverId,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page for people.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the signed JSON.")] = None,
    as_json: Json = False,  # noqa: ARG001  it is JSON anyway
) -> None:
    """The signed protocol (protokół przekazania), its signature checked against the archive's key."""
    from repository.delivering import write_paper
    from repository.evidence.signing import opened as checked
    from repository.intake import protocol_of
    from repository.takeover.concluding import PURPOSE

    screen = screen_of(context)
    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        paper = protocol_of(archive, takeover)
        checked(paper, purpose=PURPOSE, public_key=archive.ring.signing_public_key())
        log_key = archive.log_key
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
