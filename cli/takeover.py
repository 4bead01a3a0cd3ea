"""`edm-archive takeover list | show | open | bind | unbind | close | statement | protocol | inventory`: what became of
each package, and who may push into what is open."""

import typer

from cli import binding, inventory, protocol, receive, statement, transfer
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import screen_of
from storage.errors import Text

verbs = typer.Typer(no_args_is_help=True, help="Take over packages, and see what became of them.")
verbs.command("receive")(receive.receive)
verbs.command("open")(transfer.open_command)
verbs.command("bind")(binding.bind_command)
verbs.command("unbind")(binding.unbind_command)
verbs.command("close")(transfer.close_command)
verbs.command("statement")(statement.statement)
verbs.command("protocol")(protocol.protocol)
verbs.command("inventory")(inventory.inventory)


@verbs.command("list")
def list_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """All takeovers, oldest first."""
    from cli import telling
    from repository.takeover.explaining import state_words

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
        (each.id, screen.text(state_words(each)), each.opened_at[:10], each.handover.producer.name or "–")
        for each in takeovers
    ]
    heads = ("Takeover", "Przejęcie"), ("State", "Stan"), ("Opened", "Otwarto"), ("Producer", "Przekazujący")
    screen.table([Text(en=en, pl=pl) for en, pl in heads], rows, whole=(0,))


@verbs.command("show")
def show_command(context: typer.Context, takeover_id: TakeoverId, as_json: Json = False) -> None:  # noqa: ARG001
    """Who handed over, who may push, in which state it is, what is kept, what happened. Names no file of a patient."""
    from cli import telling

    screen = screen_of(context)
    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        counts = archive.catalogue.counts(takeover.number)
        events = archive.catalogue.events(takeover.number)
        findings = [*map(telling.unnamed_finding, archive.catalogue.findings(takeover.number, ordinal=0))]
        bound = binding.for_whoever_asks(archive, screen, binding.rows_of(archive, takeover))
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
                "bindings": bound,
            }
        )
        return
    telling.tell_takeover(screen, takeover)
    if bound:
        screen.space()
        binding.tell_bindings(screen, bound)
    screen.space()
    telling.tell_kept(screen, counts)
    telling.tell_findings(screen, findings)
    screen.say(en="\nWhat happened:", pl="\nCo się działo:")
    for event in events:
        line = f"  {telling.moment(event.at)}  {event.kind}: {event.outcome}"
        screen.say(en=line, pl=line)
