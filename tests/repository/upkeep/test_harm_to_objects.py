"""Every kind of harm to what is stored is found and named, at the level that promises it, and nothing else is."""

from uuid import UUID

import pytest

from repository.upkeep.rotating import rotate
from repository.upkeep.verifying import VerifyOrder, verify
from storage.keys.record_keys import key_object_name
from storage.sealing.pack import HEADER, TRAILER, PackSealer, SealedMember
from tests.builders.archives_at_rest import AtRest
from tests.builders.warrants import EVERY
from tests.repository.upkeep.harms import HARMS, Harm, flipped, key_of, without_key
from tests.repository.upkeep.scene import EVERY_LEVEL, EXISTS, OPENED, SEALED, found, places, rich

pytestmark = pytest.mark.requirement("R463-7.3", "R463-7.4")


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_harm_is_named_and_nothing_else_is(archive: AtRest, harm: Harm) -> None:
    expected = harm(archive)
    for level in EVERY_LEVEL:
        assert found(archive, level) == expected[level], level


def test_every_byte_of_an_object_counts(archive: AtRest) -> None:
    """A flipped bit anywhere: `sealed` finds each without a key."""
    place = min((p for p in places(archive) if p.holdings), key=lambda p: p.pack.size)
    raw = archive.store.content(place.pack.key)
    stride = max(1, len(raw) // 9)
    regions = {0, 8, 24, 40, 56, 68, 116, HEADER, len(raw) - TRAILER, len(raw) - 1, *range(0, len(raw), stride)}
    for at in sorted(regions):
        archive.store.overwrite(place.pack.key, flipped(raw, at))
        said = found(archive, SEALED)
        assert len(said) == 1, at
        assert all(subject in (place.name, *map(place.item, range(len(place.holdings)))) for _, subject in said)


def test_a_key_held_in_memory_does_not_hide_that_its_object_is_gone(archive: AtRest) -> None:
    place = rich(archive)
    with archive.open() as opened:
        assert verify(opened, VerifyOrder(level=OPENED), progress=lambda _: None).whole
        for pack in opened.catalogue.packs(place.takeover.number):
            opened.vault.inscription(pack.key, size=pack.size)
        key = key_of(archive, place)
        archive.store.overwrite(key, flipped(archive.store.content(key), 90))
        said = verify(opened, VerifyOrder(level=OPENED), progress=lambda _: None).findings
    assert ("VFY-KEY", place.item(0)) in {(each.code, each.subject) for each in said}


def test_an_older_object_put_back_is_found(archive: AtRest) -> None:
    """Valid bytes that were sealed for the same name at another time, by whoever held the keys then."""
    place = rich(archive)
    with archive.open() as opened:
        key = opened.vault.record_keys.open(UUID(hex=place.pack.record_key))
        sealer = PackSealer(opened.id, key, object_id=UUID(hex=place.pack.object_id))
        parts = [sealer.header()]
        for holding in place.holdings:
            at = holding.location
            content = b"".join(
                opened.vault.open(place.pack.key, SealedMember(at.offset, at.length, b""), warrant=EVERY)
            )
            parts.extend(sealer.member([content]))
        text = opened.vault.inscription(place.pack.key, size=place.pack.size).text
        parts.extend(sealer.close(text))
    again = b"".join(bytes(part) for part in parts)
    assert len(again) == place.pack.size
    archive.store.overwrite(place.pack.key, again)
    items = {("VFY-MEMBER", place.item(at)) for at in range(len(place.holdings))}
    assert found(archive, SEALED) == {*items, ("VFY-DESCRIPTION", place.name), ("VFY-FRAME", place.name)}
    assert {("VFY-DESCRIPTION", place.name), ("VFY-FRAME", place.name)} <= found(archive, OPENED)


def test_an_old_key_object_put_back_is_found(archive: AtRest) -> None:
    place = rich(archive)
    with archive.open() as opened:
        old = {key: archive.store.content(key) for key in archive.store.names("keys/")}
        rotate(opened, progress=lambda _: None)
    assert found(archive, OPENED) == set()
    for key, content in old.items():
        if place.pack.record_key in key:
            archive.store.overwrite(key, content)
    expected = {("VFY-KEY-OLD", f"{place.takeover.id}/key/{place.pack.record_key}")}
    for level in EVERY_LEVEL:
        assert found(archive, level) == expected
    archive.store.delete(key_object_name(UUID(hex=place.pack.record_key), 2))
    assert found(archive, EXISTS) == expected
    assert found(archive, OPENED) == expected | without_key(archive, place)
