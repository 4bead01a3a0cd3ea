"""An archive whose journal holds a deed of every kind, in two bundles and a tail that no bundle holds yet."""

from pathlib import Path

from repository.catalogue.catalogue import Catalogue
from repository.journal import bundle_up, note, note_all, publish
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.builders.deeds import account, some_of_each

FIRST, SECOND, TAIL = 9, 18, 20  # the last lines of the first bundle, of the second, and of all


def with_journal(folder: Path) -> AtRest:
    archive = at_rest(folder / "archive")
    told = some_of_each()
    with archive.open() as opened:
        note_all(opened, told[:FIRST])
        publish(opened)
        note_all(opened, told[FIRST:])
        assert bundle_up(opened) == 1
        publish(opened)
        for place in range(TAIL - SECOND):
            note(opened, "account", account(ordinal=place, duties=[]), outcome="permitted")
    return archive


def following(catalogue: Catalogue) -> list[tuple[str, bytes]]:
    """Every row that follows from the journal."""
    return [(row.table, row.content) for row in catalogue.journal.following()]


def bundle_names(archive: AtRest) -> list[str]:
    """The objects of the two bundles, in order of their lines."""
    return [key for (key,) in archive.rows('SELECT key FROM journal_bundle ORDER BY "first"')]


def subject(archive: AtRest, at: int) -> str:
    return f"journal/object/{bundle_names(archive)[at].rpartition('/')[2]}"
