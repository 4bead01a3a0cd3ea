"""`edm-archive takeover statement`: the balance for everybody; names of files for whom they are."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errand import Basis, Evidence, MaybeFor, Reason, errand_of
from cli.opening import opened, takeover_named
from cli.options import Json, TakeoverId
from cli.screen import Screen, number, screen_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repository.domain.statement import Statement
    from repository.domain.takeover import Item

Items = Annotated[bool, typer.Option("--items", metavar="", help="List every item with its lot; needs --purpose.")]


def statement(
    context: typer.Context,
    *,
    takeover_id: TakeoverId,
    items: Items = False,
    purpose: MaybeFor = None,
    basis: Basis = "",
    reason: Reason = "",
    evidence: Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """The balance of declared against received, with the number and the code of every exception.

    With a purpose, as whoever is signed in, what you may learn of is told by name; that is accounted for. Exit code 10
    if there is nothing of the kind.
    """
    from cli import telling
    from repository.access.errors import PurposeNeeded
    from repository.intake import statement_of
    from repository.listing import name_items

    if purpose is None and (items or basis or reason or evidence):
        raise PurposeNeeded
    screen = screen_of(context)
    with opened(screen) as archive:
        takeover = takeover_named(archive, takeover_id)
        made = statement_of(archive, takeover)
        shows: telling.Shows = telling.unnamed
        if purpose is not None:
            errand = errand_of(archive, screen, purpose=purpose, basis=basis, reason=reason, evidence=evidence)
            asked = archive.catalogue.items(takeover.number) if items else made.exceptions
            shows = name_items(archive, errand, takeover, wanted=asked).shows
        every = filter(shows, archive.catalogue.items(takeover.number)) if items else None
        if screen.as_json:
            told = telling.statement_json(made, shows=shows)
            head = {"id": takeover.id, "state": takeover.state.value, "statement": told}
            _tell_programs(screen, head, every)
            return
        telling.tell_balance(screen, made)
        telling.tell_counts(screen, made)
        most = len(made.exceptions)
        telling.tell_exceptions(screen, takeover, made.exceptions, shows=shows, most=most)
        _tell_list(screen, made, every)


def _tell_programs(screen: Screen, head: "Mapping[str, Any]", items: "Iterable[Item] | None") -> None:
    from repository.takeover.concluding import item_to_json

    if items is None:
        screen.json(head)
    else:
        screen.json_with_rows(head, "items", map(item_to_json, items))


def _tell_list(screen: Screen, made: "Statement", items: "Iterable[Item] | None") -> None:
    from cli.telling import tell_items

    kept, size = number(made.tally.holdings), number(made.tally.holding_bytes)
    screen.say(
        en=f"\nKept: {kept} items, {size} bytes.\nSHA-256 of the list of items: {made.items_sha256}",
        pl=f"\nZachowano pozycji: {kept}, bajtów: {size}.\nSHA-256 wykazu pozycji: {made.items_sha256}",
    )
    if items is not None:
        screen.space()
        tell_items(screen, items)
