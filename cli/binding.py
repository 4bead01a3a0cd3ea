"""`edm-archive takeover bind | unbind`, and what `takeover show` tells of bindings: who may push into an open takeover.

An administrator binds and unbinds; each is a deed, in force from the next push on. Who may push is told to whoever
keeps the machine, as counts are; a person's number and name only to administrators and auditors who are signed in.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import permitting
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import Screen, heads, screen_of

if TYPE_CHECKING:
    from datetime import datetime

    from repository.access.permission import Grantee
    from repository.domain.takeover import Takeover
    from repository.runtime import Archive

Peers = Annotated[
    list[str], typer.Option("--peer", metavar="WHO", help="Who may push: RPWDL:…, REGON:…, NPWZ:…, SYSTEM:…")
]
Until = Annotated[str, typer.Option("--until", metavar="DAY", help="To the end of this day; else until closed.")]
Row = dict[str, Any]


def bind_command(
    context: typer.Context,
    *,
    takeover_id: TakeoverId,
    peer: Peers,
    until: Until = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Let somebody push into an open takeover from now on, over STOW-RS, C-STORE or ITI-65."""
    from repository.transfer.opening import bind_all

    screen = screen_of(context)
    peers, end = named(peer), end_of(until)
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        takeover = takeover_named(archive, takeover_id)
        ids = bind_all(archive, takeover, peers, until=end, by=by)
        rows = [each for each in rows_of(archive, takeover) if each["id"] in ids]
    if screen.as_json:
        screen.json({"takeover": takeover.id, "bindings": rows})
        return
    tell_bindings(screen, rows)
    for each in ids:
        line = f"edm-archive takeover unbind {takeover.id} {each}"
        screen.say(en=f"To end it: {line}", pl=f"Zakończenie: {line}")


def unbind_command(
    context: typer.Context,
    *,
    takeover_id: TakeoverId,
    binding: Annotated[str, typer.Argument(metavar="BINDING", help="Its id, as `takeover show` has it.")],
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """End a binding now: the next push by it is refused. What was acknowledged is kept."""
    from repository.transfer.opening import bindings, unbind
    from repository.transfer.telling import binding_body, still_bound

    screen = screen_of(context)
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        takeover = takeover_named(archive, takeover_id)
        ended = unbind(archive, binding.strip().lower(), takeover=takeover.id, by=by)
        row = binding_body(ended, takeover, at=archive.clock())
        others = still_bound(ended, bindings(archive, takeover), at=archive.clock())
    more = ", ".join(others)
    screen.answer(
        row | {"others": others},
        en=f"{ended.id} has ended: {row['ended_at']}" + (f"\nThe same peer may still push by: {more}" if more else ""),
        pl=f"{ended.id} – zakończono: {row['ended_at']}"
        + (f"\nTen sam nadawca może nadal przekazywać na podstawie: {more}" if more else ""),
    )


def named(peers: Sequence[str]) -> "list[Grantee]":
    """Raises `OptionUnreadable`."""
    from repository.consents.grammar import grantee_of_words

    return permitting.read("--peer", lambda: [grantee_of_words(each) for each in peers])


def end_of(until: str) -> "datetime | None":
    """The first moment after the day, in Poland. Raises `OptionUnreadable`."""
    from repository.consents.grammar import day_of_words

    return permitting.read("--until", lambda: day_of_words(until)[1]) if until else None


def rows_of(archive: "Archive", takeover: "Takeover") -> list[Row]:
    """Every binding that the takeover ever had, in the order in which they were given."""
    from repository.transfer.opening import bindings
    from repository.transfer.telling import binding_body

    now = archive.clock()
    return [binding_body(each, takeover, at=now) for each in bindings(archive, takeover)]


def for_whoever_asks(archive: "Archive", screen: Screen, rows: Sequence[Row]) -> list[Row]:
    """The same; without number and name of persons, unless an administrator or auditor is signed in."""
    from repository.access.permission import GranteeKind

    person = GranteeKind.PERSON.value
    if not any(each["kind"] == person for each in rows) or _oversees(archive, screen):
        return list(rows)
    return [each | {"identifier": None, "name": ""} if each["kind"] == person else each for each in rows]


def _oversees(archive: "Archive", screen: Screen) -> bool:
    from cli.identity import signed_in
    from repository.access.principal import PrincipalKind
    from repository.people.errors import PeopleError

    try:
        return signed_in(archive, screen).kind in (PrincipalKind.ADMINISTRATOR, PrincipalKind.AUDITOR)
    except PeopleError:  # nobody, or a session that is over: what is told to nobody
        return False


def tell_bindings(screen: Screen, rows: Sequence[Row]) -> None:
    titles = heads(("Binding", "Powiązanie"), ("Peer", "Nadawca"), ("Since", "Od"), ("Until", "Do"), ("State", "Stan"))
    screen.table(titles, [_cells(screen, each) for each in rows], whole=(0,))


def _cells(screen: Screen, row: Row) -> tuple[str, ...]:
    from cli.telling import moment
    from storage.errors import Text

    if row["in_force"]:
        state = Text(en="in force", pl="obowiązuje")
    elif row["ended_at"]:
        state = Text(en="ended", pl="zakończone")
    else:
        state = Text(en="over", pl="wygasło")
    last = row["ended_at"] or row["until"]
    return (row["id"], _who(row), moment(row["since"]), moment(last) if last else "–", screen.text(state))


def _who(row: Row) -> str:
    known = row["identifier"]
    number = f"{known['root']}^{known['extension']}".removeprefix("^") if known else "–"
    return " ".join(filter(None, (row["kind"], number, row["name"])))
