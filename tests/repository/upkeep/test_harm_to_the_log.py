"""Harm to the evidence log and to its rows is found at every level: it needs no key and no payload."""

from collections.abc import Callable

import pytest

from tests.builders.archives_at_rest import AtRest, bare_package
from tests.repository.upkeep.scene import EVERY_LEVEL, EXISTS, found, report

pytestmark = pytest.mark.requirement("R463-7.3", "R463-7.4")


def codes(archive: AtRest, **order: object) -> set[str]:
    return {each.code for each in report(archive, EXISTS, **order).findings}  # type: ignore[arg-type]


def log_part(archive: AtRest, prefix: str) -> str:
    return archive.store.names(prefix)[-1]


def flip(archive: AtRest, key: str, at: int) -> None:
    raw = bytearray(archive.store.content(key))
    raw[at] ^= 1
    archive.store.overwrite(key, bytes(raw))


def a_tile_changed(archive: AtRest) -> None:
    flip(archive, log_part(archive, "log/tile/0/"), 3)


def a_tile_deleted(archive: AtRest) -> None:
    archive.store.delete(log_part(archive, "log/tile/0/"))


def a_bundle_of_entries_changed(archive: AtRest) -> None:
    flip(archive, log_part(archive, "log/tile/entries/"), 9)


def a_bundle_of_entries_deleted(archive: AtRest) -> None:
    archive.store.delete(log_part(archive, "log/tile/entries/"))


def a_checkpoint_changed(archive: AtRest) -> None:
    flip(archive, log_part(archive, "log/checkpoint/"), -4)


def the_newest_checkpoint_deleted(archive: AtRest) -> None:
    archive.store.delete(log_part(archive, "log/checkpoint/"))


def an_entry_of_the_catalogue_changed(archive: AtRest) -> None:
    assert archive.sql('UPDATE log_entry SET entry = randomblob(32) WHERE "index" = 0') == 1


def the_newest_entry_of_the_catalogue_deleted(archive: AtRest) -> None:
    assert archive.sql('DELETE FROM log_entry WHERE "index" = (SELECT max("index") FROM log_entry)') == 1


def an_entry_without_a_row(archive: AtRest) -> None:
    assert (
        archive.sql('INSERT INTO log_entry VALUES ((SELECT max("index") + 1 FROM log_entry), randomblob(32), 1)') == 1
    )


def a_checkpoint_of_the_catalogue_changed(archive: AtRest) -> None:
    newest = "(SELECT max(size) FROM checkpoint)"
    assert archive.sql(f"UPDATE checkpoint SET note = CAST('forged' AS BLOB) WHERE size = {newest}") == 1


HARMS: list[Callable[[AtRest], None]] = [
    a_tile_changed, a_tile_deleted, a_bundle_of_entries_changed, a_bundle_of_entries_deleted, a_checkpoint_changed,
    the_newest_checkpoint_deleted, an_entry_of_the_catalogue_changed, the_newest_entry_of_the_catalogue_deleted,
    an_entry_without_a_row, a_checkpoint_of_the_catalogue_changed,
]  # fmt: skip


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_harm_to_the_log_is_found_at_every_level_and_is_called_damage(
    archive: AtRest, harm: Callable[[AtRest], None]
) -> None:
    harm(archive)
    for level in EVERY_LEVEL:
        said = report(archive, level)
        assert not said.whole
        assert {each.code[:4] for each in said.damage} & {"LOG-", "VFY-"}
        by_log = [each for each in said.damage if each.code.startswith("LOG-") or each.subject == "log"]
        assert by_log or harm is an_entry_of_the_catalogue_changed
        assert not [each for each in said.findings if each.code in ("VFY-MISSING", "VFY-MEMBER", "VFY-SEAL")]


def test_a_log_that_went_back_is_found_by_a_checkpoint_kept_elsewhere(archive: AtRest, small: AtRest) -> None:
    """Store, catalogue and all: only somebody else's checkpoint can tell."""
    ahead = archive.store.copy()
    before = archive.database.read_bytes()
    archive.receive(bare_package(archive.settings.home / "later", {"one.txt": b"one more"}))
    kept = archive.store.content(log_part(archive, "log/checkpoint/"))
    assert codes(archive, known=kept) == set()
    for key in set(archive.store.names()) - set(ahead.names()):
        archive.store.delete(key)
    archive.database.write_bytes(before)
    assert codes(archive) == set()
    assert codes(archive, known=kept) == {"LOG-106"}


def test_a_catalogue_that_went_back_is_found(archive: AtRest) -> None:
    before = archive.database.read_bytes()
    archive.receive(bare_package(archive.settings.home / "later", {"one.txt": b"one more"}))
    archive.database.write_bytes(before)
    assert codes(archive) == {"LOG-108", "VFY-STRAY"}  # it knows neither the entries nor the objects


def test_a_store_that_went_back_is_found(archive: AtRest) -> None:
    before = archive.store.copy()
    archive.receive(bare_package(archive.settings.home / "later", {"one.txt": b"one more"}))
    later = set(archive.store.names()) - set(before.names())
    for key in later:
        archive.store.delete(key)
    said = found(archive, EXISTS)
    assert {"VFY-MISSING", "VFY-KEY-MISSING", "LOG-106"} <= {code for code, _ in said}
