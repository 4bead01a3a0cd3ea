"""`edm-archive rebuild`: the catalogue is made again from the object store and the key ring."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import asked, settings
from cli.options import Json
from cli.screen import Screen, number, screen_of
from storage.errors import ArchiveError, Text

if TYPE_CHECKING:
    from repository.runtime import Archive
    from repository.settings import Home, Settings
    from repository.upkeep.rebuilding import Rebuilt

FINDINGS = 5
SQLITE = "sqlite:///"
NOT_REBUILT = "not rebuilt"


class PlaceNeeded(ArchiveError):
    code = "RBD-E01"
    exit_code = 2
    what = Text(
        en="The catalogue of this archive is on a server: it is rebuilt into another, empty database.",
        pl="Katalog tego archiwum jest na serwerze: odbudowuje się go w innej, pustej bazie.",
    )
    todo = Text(
        en="Make an empty database and name it: `edm-archive rebuild --into postgresql://HOST/DATABASE`.",
        pl="Utwórz pustą bazę i wskaż ją: `edm-archive rebuild --into postgresql://HOST/BAZA`.",
    )


def rebuild(
    context: typer.Context,
    into: Annotated[
        str, typer.Option("--into", metavar="URL", help="An empty database; it is left there, and nothing is replaced.")
    ] = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Make the catalogue again. An SQLite catalogue takes the old one's place; the old file is kept beside it.

    Accounts of people do not come back: everybody is invited again.

    Exit code 0: all of it; 5: something could not be read and is named.
    """
    from repository.home_lock import sole_writer, unused
    from repository.settings import read_home

    screen, found = screen_of(context), settings()
    home = read_home(found.home)
    screen.kept_so_far = Text(
        en="The old catalogue is untouched. The same command begins again.",
        pl="Dotychczasowy katalog jest nienaruszony. To samo polecenie zaczyna od początku.",
    )
    with sole_writer(found.home):
        if into:
            done, kept = _rebuilt(screen, found, home, url=into), ""
        elif home.catalogue.startswith(SQLITE):
            with unused(found.home):
                done, kept = _in_place(screen, found, home)
        else:
            raise PlaceNeeded
    _answer(screen, done, kept=kept, into=into)
    raise typer.Exit(FINDINGS if done.findings else 0)


def _in_place(screen: Screen, found: "Settings", home: "Home") -> tuple["Rebuilt", str]:
    from repository.catalogue.file_turns import turns_file
    from storage.flushing import flush_folder

    live = Path(home.catalogue.removeprefix(SQLITE))
    fresh = _fresh(live)
    for file in (turns_file(fresh), *_files(fresh)):
        file.unlink(missing_ok=True)
    done = _rebuilt(screen, found, home, url=f"{SQLITE}{fresh}")
    old = live.with_name(f"{live.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    was_there = live.exists()
    for source, target in zip(_files(live), _files(old), strict=True):
        if source.exists():
            source.replace(target)
    fresh.replace(live)
    turns_file(fresh).unlink(missing_ok=True)
    flush_folder(live.parent)
    return done, str(old) if was_there else ""


def _fresh(live: Path) -> Path:
    return live.with_name(live.name + ".rebuilt")


def unfinished(home: "Home") -> Path | None:
    """What a rebuild that was stopped has left beside an SQLite catalogue, None where nothing is; asked for while none
    is running. Nothing reads it, and the next one begins with removing it."""
    fresh = _fresh(Path(home.catalogue.removeprefix(SQLITE)))
    return fresh if home.catalogue.startswith(SQLITE) and any(each.exists() for each in _files(fresh)) else None


def _files(database: Path) -> tuple[Path, ...]:
    """An SQLite database with its journal files (https://www.sqlite.org/tempfiles.html), the journals first."""
    return *(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal")), database


def _rebuilt(screen: Screen, found: "Settings", home: "Home", *, url: str) -> "Rebuilt":
    from repository.upkeep.rebuilding import rebuild as rebuilt

    with (
        _without_catalogue(screen, found, home, url=url) as archive,
        screen.progress(en="objects", pl="obiekty") as advance,
    ):
        return rebuilt(archive, archive.catalogue, progress=lambda done: advance(done.objects, 0))


@contextmanager
def _without_catalogue(screen: Screen, found: "Settings", home: "Home", *, url: str) -> Iterator["Archive"]:
    """The archive with the new catalogue at `url` in the place of the old one, which may be gone."""
    from repository.catalogue.catalogue import create_catalogue
    from repository.runtime import assembled, secret_of, store_at
    from storage.keys.ring import KeyRing

    typed = not (found.key_file or found.passphrase_file) and sys.stdin.isatty()
    ring = KeyRing.load(found.ring_path, secret=asked(screen) if typed else secret_of(found))
    store = store_at(home, found)
    try:
        catalogue = create_catalogue(url)
        try:
            yield assembled(home, found, store=store, ring=ring, catalogue=catalogue)
        finally:
            catalogue.close()
    finally:
        store.close()


def _answer(screen: Screen, done: "Rebuilt", *, kept: str, into: str) -> None:
    from cli.telling import finding_json, finding_line

    if screen.as_json:
        findings = [finding_json(screen, finding) for finding in done.findings]
        counts = {name: getattr(done, name) for name in ("takeovers", "objects", "holdings", "entries")}
        screen.json({**counts, "findings": findings, "people": NOT_REBUILT, "kept": kept, "into": bool(into)})
        return
    screen.say(
        en=f"Rebuilt: {number(done.takeovers)} takeovers, {number(done.holdings)} items from {number(done.objects)} "
        f"objects, {number(done.entries)} log entries.",
        pl=f"Odbudowano: przejęć {number(done.takeovers)}, pozycji {number(done.holdings)} z obiektów "
        f"{number(done.objects)}, wpisów rejestru {number(done.entries)}.",
    )
    screen.say(
        en="Accounts of people are not rebuilt; invite everybody again: edm-archive user invite --operator.",
        pl="Kont osób nie odbudowano; zaproś wszystkich ponownie: edm-archive user invite --operator.",
    )
    for finding in done.findings:
        line = finding_line(screen, finding)
        screen.say(en=line, pl=line)
    if kept:
        screen.say(en=f"The old catalogue is kept as {kept}.", pl=f"Poprzedni katalog zachowano jako {kept}.")
    if into:
        screen.say(
            en="Point `catalogue` in archive.json to the new database.",
            pl="Wskaż nową bazę w polu `catalogue` pliku archive.json.",
        )
    screen.say(en="Next: edm-archive verify --level opened", pl="Dalej: edm-archive verify --level opened")
