"""A description that is sealed rightly and says nonsense is damage, named, and stops nothing."""

from pathlib import Path
from typing import Any

import pytest

from repository.canonical import canonical
from repository.takeover.custody import seal_description
from repository.takeover.errors import DescriptionDamaged
from repository.upkeep.rebuilding import rebuild
from repository.upkeep.recalling import recall
from storage.objects.port import StoredObject
from tests.builders.archives_at_rest import AtRest
from tests.builders.catalogues import empty_catalogue
from tests.repository.upkeep.scene import places

ID = "01a1ffe7-73a7-7e2a-9301-26a341fd7c56"
EVENT = {"kind": "capture", "at": "x", "outcome": "x", "detail": "x", "ordinal": 0, "record": "{}"}
NONSENSE: list[dict[str, Any]] = [
    {"kind": "items"},
    {"kind": "items", "holdings": [], "patient": {"number": 1}},
    {"kind": "items", "holdings": [{}], "patient": None},
    {"kind": "items", "holdings": [{"facts": {}, "item": {}, "record": {"v": 1}}], "patient": None},
    {"kind": "items", "holdings": 7, "patient": None},
    {"kind": "items", "holdings": [], "patient": None, "events": [{"kind": 1}]},
    {"kind": "opening"},
    {"kind": "opening", "handover": {"producer": {"name": "x", "other": "y"}}},
    {"kind": "opening", "handover": [], "findings": [], "events": []},
    {"kind": "closing", "state": "receiving", "items": [], "findings": [], "events": []},
    {"kind": "closing", "state": "unheard of", "items": [], "findings": [], "events": []},
    {"kind": "closing", "state": "accepted", "items": [{"ordinal": 1}], "findings": [], "events": []},
    {"kind": "closing", "state": "accepted", "items": [], "findings": [{}], "events": []},
    {"kind": "events", "events": [{**EVENT, "more": 1}]},
    {"kind": "events", "events": [{**EVENT, "record": None}]},
    {"kind": "events", "events": None},
]  # fmt: skip


@pytest.mark.parametrize("says", NONSENSE, ids=str)
def test_nonsense_is_damage(archive: AtRest, tmp_path: Path, says: dict[str, Any]) -> None:
    with archive.open() as opened:
        key = opened.vault.record_keys.make()
        record = seal_description(opened.vault, ID, key=key, description=canonical({"v": 1, "takeover": ID, **says}))
        held = StoredObject(record.pack.key, record.pack.size)
        with pytest.raises(DescriptionDamaged):
            recall(opened.vault, held)
        fresh = empty_catalogue(tmp_path / "fresh.sqlite")
        done = rebuild(opened, fresh, progress=lambda _: None)
        assert ("RBD-OBJECT", {"reason": DescriptionDamaged.code}) in [
            (each.code, each.params) for each in done.findings
        ]
        assert list(fresh.dump(1)) == list(opened.catalogue.dump(1))
        fresh.close()


def test_an_object_in_the_folder_of_another_takeover_is_damage(archive: AtRest) -> None:
    place = places(archive)[0]
    with archive.open() as opened:
        moved = f"takeovers/{ID}/{place.pack.object_id}"
        archive.store.overwrite(moved, archive.store.content(place.pack.key))
        with pytest.raises(DescriptionDamaged):
            recall(opened.vault, StoredObject(moved, place.pack.size))
