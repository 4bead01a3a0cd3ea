"""`edm-archive storage qualify | status | orphans`: what the object store can do, and what lies in it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from cli.opening import settings
from cli.options import Json
from cli.orphans import orphans_command
from cli.screen import number, screen_of, size
from storage.errors import Text

if TYPE_CHECKING:
    from storage.objects.port import ObjectStore

verbs = typer.Typer(no_args_is_help=True, help="The object store under the archive.")
verbs.command("orphans")(orphans_command)
NOT_QUALIFIED = 7
_PREFIXES = {
    "takeovers": Text(en="sealed packs", pl="zapieczętowane obiekty"),
    "keys": Text(en="wrapped record keys", pl="opakowane klucze akt"),
    "log": Text(en="evidence log", pl="rejestr dowodowy"),
    "journal": Text(en="bundles of the journal", pl="paczki dziennika"),
    "": Text(en="something else", pl="inne"),
}


@contextmanager
def _store() -> Iterator[tuple[str, "ObjectStore"]]:
    """The store of this environment's archive, which needs no key."""
    from repository.runtime import store_at
    from repository.settings import read_home

    found = settings()
    home = read_home(found.home)
    store = store_at(home, found)
    try:
        yield home.store, store
    finally:
        store.close()


@verbs.command("qualify")
def qualify_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Try on the real store what the archive depends on. Exit code 7 if a probe fails."""
    from storage.objects.qualify import qualify

    screen = screen_of(context)
    with _store() as (place, store):
        results = qualify(store)
    passed = all(result.passed for result in results)
    if screen.as_json:
        probes = [{"name": each.name, "passed": each.passed, "detail": screen.text(each.detail)} for each in results]
        screen.json({"store": place, "passed": passed, "probes": probes})
        raise typer.Exit(0 if passed else NOT_QUALIFIED)
    for each in results:
        mark = "✓" if each.passed else "✗"
        screen.say(en=f"{mark} {each.name}: {each.detail.en}", pl=f"{mark} {each.name}: {each.detail.pl}")
    if passed:
        screen.say(en=f"{place} does what the archive needs.", pl=f"{place} spełnia wymagania archiwum.")
    else:
        screen.say(
            en=f"{place} does not do what the archive needs: do not use it.",
            pl=f"{place} nie spełnia wymagań archiwum: nie używaj go.",
        )
    raise typer.Exit(0 if passed else NOT_QUALIFIED)


@verbs.command("status")
def status_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """How many objects and bytes lie in the store, by kind. Lists all of them."""
    screen = screen_of(context)
    objects: Counter[str] = Counter()
    stored: Counter[str] = Counter()
    with _store() as (place, store), screen.progress(en="listing", pl="spis obiektów") as advance:
        for seen, held in enumerate(store.list(), 1):
            head = held.key.partition("/")[0]
            kind = head if head in _PREFIXES else ""
            objects[kind] += 1
            stored[kind] += held.size
            if seen % 1000 == 0:
                advance(seen, 0)
        create_only, versions = store.capabilities.create_only.value, store.capabilities.versions
    if screen.as_json:
        kinds = {kind or "other": {"objects": objects[kind], "bytes": stored[kind]} for kind in _PREFIXES}
        screen.json({"store": place, "create_only": create_only, "versions": versions, "kinds": kinds})
        return
    screen.say(en=f"{place} (create-only: {create_only})", pl=f"{place} (jednokrotny zapis nazwy: {create_only})")
    heads = Text(en="What", pl="Co"), Text(en="Objects", pl="Obiekty"), Text(en="Size", pl="Rozmiar")
    rows = [
        (screen.text(text), objects[kind], size(stored[kind]))
        for kind, text in _PREFIXES.items()
        if kind or objects[kind]
    ]
    screen.table(heads, rows, numbers=(1, 2))
    screen.say(
        en=f"{number(objects.total())} objects, {size(stored.total())}",
        pl=f"Obiektów: {number(objects.total())}, {size(stored.total())}",
    )
