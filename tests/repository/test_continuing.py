"""Record keys: a search goes on from each of them exactly where the page before ended."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from repository.catalogue.paging import mark_of_hit
from repository.catalogue.query import Hit, Level, Query
from repository.continuing import Continuing, RecordKeyForeign
from repository.intake import Order, receive
from repository.runtime import Archive, open_archive
from tests.builders.dicom import data_set, part10
from tests.builders.homes import new_home

LEVELS = (Level.STUDY, Level.SERIES, Level.INSTANCE)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("continuing")
    package = folder / "package"
    package.mkdir()
    for seed in range(3):
        for study in (1, 2):
            for instance in range(3):
                image = data_set(seed, study=study, series=1 + instance % 2, instance=instance)
                (package / f"{seed}.{study}.{instance}.dcm").write_bytes(part10(image))
    with open_archive(new_home(folder)) as opened:
        receive(opened, Order(package), progress=lambda _: None)
        yield opened


def every(archive: Archive, level: Level) -> list[Hit]:
    found = list(archive.catalogue.search(Query(level=level, limit=1000)).hits)
    assert len(found) >= 3
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_the_mark_of_a_hit_is_that_of_the_page_that_ends_with_it(archive: Archive, level: Level) -> None:
    query, hits = Query(level=level, limit=1), every(archive, level)
    for hit in hits[:-1]:
        page = archive.catalogue.search(query)
        assert (page.hits[0].values, page.next) == (hit.values, mark_of_hit(hit))
        query = replace(query, after=page.next)


@pytest.mark.parametrize("level", LEVELS)
def test_a_search_goes_on_behind_the_record_of_each_key(archive: Archive, level: Level) -> None:
    keys, hits = Continuing(archive, level, takeovers=None), every(archive, level)
    for at, hit in enumerate(hits):
        mark = keys.mark_of(keys.key_of(hit))
        rest = archive.catalogue.search(Query(level=level, limit=1000, after=mark)).hits
        assert [each.values for each in rest] == [each.values for each in hits[at + 1 :]]


@pytest.mark.parametrize("level", LEVELS)
def test_a_key_opens_with_or_without_what_pads_it(archive: Archive, level: Level) -> None:
    keys = Continuing(archive, level, takeovers=["b", "a"])
    for hit in every(archive, level):
        key = keys.key_of(hit)
        assert keys.mark_of(key + b"\0") == keys.mark_of(key) == mark_of_hit(hit)


def test_a_key_opens_for_its_level_and_takeovers_alone(archive: Archive) -> None:
    hit = every(archive, Level.STUDY)[0]
    key = Continuing(archive, Level.STUDY, takeovers=["a", "b"]).key_of(hit)
    assert Continuing(archive, Level.STUDY, takeovers={"b", "a"}).mark_of(key) == mark_of_hit(hit)
    for level, takeovers in ((Level.SERIES, ["a", "b"]), (Level.STUDY, ["a"]), (Level.STUDY, None), (Level.STUDY, [])):
        with pytest.raises(RecordKeyForeign):
            Continuing(archive, level, takeovers=takeovers).mark_of(key)
