"""What the verbs of `demand` share: who is at work, the message in a file, and how a demand is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.opening import opened
from cli.screen import Screen, heads, screen_of
from repository.domain.demand import DemandState
from storage.errors import Text

if TYPE_CHECKING:
    from repository.access.principal import Principal
    from repository.demands.order import Demand, DemandOrder
    from repository.runtime import Archive

LONGEST_FILE = 1 << 20
STATES: Mapping[DemandState, Text] = {
    DemandState.SUBMITTED: Text("submitted", "przesłane"),
    DemandState.ACCEPTED: Text("accepted", "przyjęte"),
    DemandState.REJECTED: Text("rejected, with errors", "odrzucone, z wykazem błędów"),
    DemandState.VERIFYING: Text("in verification", "w weryfikacji"),
    DemandState.REFUSED: Text("refused", "odmowa"),
    DemandState.VERIFIED: Text("verified", "zweryfikowane"),
    DemandState.FORWARDED: Text("waits to be prepared", "czeka na przygotowanie"),
    DemandState.PREPARED: Text("prepared", "przygotowane"),
    DemandState.SIGNED: Text("signed", "podpisane"),
    DemandState.SENT: Text("sent", "wysłane"),
    DemandState.RECEIVED: Text("received", "odebrane"),
    DemandState.CONFIRMED: Text("confirmed", "potwierdzone"),
    DemandState.EXPIRED: Text("expired", "wygasłe"),
}


@contextmanager
def at_work(screen: Screen) -> Iterator[tuple["Archive", "Principal"]]:
    """The archive and whoever is signed in. Raises `NobodySignedIn`."""
    from cli.identity import signed_in

    with opened(screen) as archive:
        yield archive, signed_in(archive, screen)


def moved(context: typer.Context, deed: Callable[["Archive", "Principal"], "Demand"]) -> None:
    """The deed is done by whoever is signed in, and where the demand then stands is told."""
    screen = screen_of(context)
    with at_work(screen) as (archive, by):
        demand = deed(archive, by)
    if screen.as_json:
        screen.json(told(demand))
    else:
        say(screen, demand)


def content_of(file: Path) -> bytes:
    """The file, or as much of it as is too much already."""
    with file.open("rb") as source:
        return source.read(LONGEST_FILE + 1)


def name_of(archive: "Archive", who: "Principal") -> str:
    """What they sign in with; empty for one without an account here."""
    known = archive.catalogue.people.person(who.id)
    return known.name if known else ""


def order_in(message: bytes, by: "Principal", *, known_as: str = "") -> "DemandOrder":
    """The order in the message, whose requester is `by`. Raises `DemandUnreadable`."""
    import orjson

    from repository.demands.errors import DemandUnreadable
    from repository.demands.messages import LONGEST
    from repository.demands.telling import order_from

    if len(message) > LONGEST:
        raise DemandUnreadable(path=f"more than {LONGEST} bytes")
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise DemandUnreadable(path="JSON") from None
    return order_from(value, by, known_as=known_as)


def holding_named(archive: "Archive", name: str) -> tuple[str, int]:
    """Takeover id and ordinal of TAKEOVER/ORDINAL. Raises `HoldingNameUnusable`, which does not repeat it."""
    from cli.opening import takeover_named
    from repository.demands.errors import HoldingNameUnusable

    takeover, _, ordinal = name.rpartition("/")
    if not takeover or not (ordinal.isascii() and ordinal.isdigit() and len(ordinal) < 16):
        raise HoldingNameUnusable
    return takeover_named(archive, takeover).id, int(ordinal)


def told(demand: "Demand") -> dict[str, Any]:
    """The demand for a program, without a person."""
    from repository.demands import telling

    return telling.told(demand)


def say(screen: Screen, demand: "Demand") -> None:
    state = STATES[demand.state]
    screen.say(en=f"Demand {demand.id}: {state.en}", pl=f"Zapotrzebowanie {demand.id}: {state.pl}")


def tell_many(screen: Screen, demands: Iterable["Demand"]) -> None:
    listed = list(demands)
    if screen.as_json:
        screen.json({"demands": [told(each) for each in listed]})
        return
    if not listed:
        screen.say(en="No demands.", pl="Brak zapotrzebowań.")
        return
    titles = heads(("Demand", "Zapotrzebowanie"), ("State", "Stan"), ("Since", "Od"), ("Takeover", "Przejęcie"))
    rows = [
        (each.id, screen.text(STATES[each.state]), f"{each.since:%Y-%m-%d %H:%M}Z", each.takeover or "–")
        for each in listed
    ]
    screen.table(titles, rows, whole=(0,))
