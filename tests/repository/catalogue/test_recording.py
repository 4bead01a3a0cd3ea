"""What `record` promises: all or nothing, once, in the log, and given back equal."""

from collections import Counter
from dataclasses import replace

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import CatalogueConflict
from repository.domain.holding import CustodyEvent
from repository.domain.takeover import Disposition
from repository.findings import Finding
from tests.builders.holdings import AT, image, listed, opened, packed, paper, sha


def test_what_was_recorded_is_given_back_equal(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    finding = Finding("DCM-001", "data/000001.bin", {"tag": "0008,0020", "count": 2})
    first = image(1)
    images = packed("aa", replace(first, description=replace(first.description, findings=(finding, finding))), image(2))
    papers = packed("bb", paper(3), paper(4, patient=1, study_uids=(), set_id=None, version=None, events=()))
    assert catalogue.record(number, [images, papers]) == 0
    assert list(catalogue.holdings(number)) == [*images.holdings, *papers.holdings]
    assert catalogue.holding(number, 3) == papers.holdings[0]
    assert list(catalogue.packs(number)) == [images.pack, papers.pack]
    assert catalogue.findings(number) == [finding, finding]


def test_a_pack_recorded_twice_is_there_once(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    first, second = packed("aa", image(1)), packed("bb", image(2))
    catalogue.record(number, [first, first])
    before = list(catalogue.dump(number))
    assert catalogue.record(number, [first]) == 1
    assert (list(catalogue.dump(number)), catalogue.log_size()) == (before, 1)
    assert catalogue.record(number, [first, second]) == 1
    assert catalogue.log_size() == 2


def test_an_ordinal_that_is_kept_is_not_kept_again_elsewhere(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    catalogue.record(number, [packed("aa", image(1))])
    with pytest.raises(CatalogueConflict) as told:
        catalogue.record(number, [packed("cc", image(3)), packed("bb", image(1))])
    assert told.value.__cause__ is None
    assert "Przyk" not in str(told.value)
    assert catalogue.log_size() == 1
    assert [pack.object_id for pack in catalogue.packs(number)] == ["aa"]


def test_another_object_under_a_known_id_is_refused(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    record = packed("aa", image(1))
    catalogue.record(number, [record])
    other = replace(record, pack=replace(record.pack, description_sha256=sha("another")))
    with pytest.raises(CatalogueConflict):
        catalogue.record(number, [other])


def test_a_takeover_that_is_not_there_takes_nothing(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueConflict):
        catalogue.record(7, [packed("aa", image(1))])
    assert catalogue.log_size() == 0


def test_entries_stand_in_the_log_in_the_order_of_their_packs(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    packs = [packed("bb", image(5), image(2)), packed("aa", image(1))]
    event = CustodyEvent("ingestion end", AT, "success", "done", 0, b"{}", sha("an event"))
    assert catalogue.record(number, packs, events=[event]) == 0
    assert catalogue.entries(0, 4) == [h.entry for p in packs for h in p.holdings] + [event.entry]
    assert [catalogue.index_of(number, ordinal) for ordinal in (5, 2, 1)] == [0, 1, 2]
    assert catalogue.record_event(number, event) == 3
    assert catalogue.record_event(number, replace(event, entry=sha("another"))) == 4
    assert catalogue.index_of_event(number, sha("another")) == 4
    assert [each.entry for each in catalogue.events(number)] == [event.entry, sha("another")]


def test_items_that_are_stored_are_settled_and_stay_so(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    catalogue.list_items(number, listed(1, 2, 3))
    altered = image(1, disposition=Disposition.ALTERED, conflicts_with=2)
    catalogue.record(number, [packed("aa", altered)])
    gone = [replace(item, disposition=Disposition.MISSING, reason="PKG-001") for item in listed(1, 2)]
    catalogue.settle(number, gone, [Finding("PKG-001", "data/000002.bin")])
    one, two, three = catalogue.items(number)
    assert (one.disposition, one.conflicts_with) == (Disposition.ALTERED, 2)
    assert (two.disposition, two.reason) == (Disposition.MISSING, "PKG-001")
    assert three == listed(3)[0]
    assert catalogue.findings(number) == [Finding("PKG-001", "data/000002.bin")]


def test_a_takeover_is_counted_by_the_database(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    catalogue.list_items(number, listed(1, 2, 3, 4))
    catalogue.record(number, [packed("aa", image(1), image(2, series="1.2.3.2")), packed("bb", paper(3, patient=2))])
    counts = catalogue.counts(number)
    assert counts.items == {Disposition.KEPT: 3, Disposition.PENDING: 1}
    assert (counts.holdings, counts.size, counts.packs) == (3, 3006, 2)
    assert (counts.patients, counts.documents, counts.studies, counts.series, counts.instances) == (2, 1, 1, 2, 2)


def test_whoever_has_the_bytes_or_the_identifier_is_known(catalogue: Catalogue) -> None:
    number, other = opened(catalogue).number, opened(catalogue, "two").number
    doubled = replace(image(2, sop="1.9"), sha256=sha("bytes 1"))
    catalogue.record(number, [packed("aa", image(1, sop="1.9"), doubled, paper(3))])
    assert catalogue.digest_owner(number, sha("bytes 1")) == 1
    assert catalogue.digest_owner(other, sha("bytes 1")) is None
    assert catalogue.identifier_owner(number, sop_instance_uid="1.9") == 1
    assert catalogue.identifier_owner(number, sop_instance_uid="1.8") is None
    document = paper(3).description.document
    assert document is not None
    assert catalogue.identifier_owner(number, document_id=document.identifier) == 3
    assert catalogue.identifier_owner(other, document_id=document.identifier) is None


def test_a_dump_is_of_one_state_whatever_is_recorded_meanwhile(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    catalogue.record(number, [packed("aa", image(1))])
    before = list(catalogue.dump(number))
    slowly = catalogue.dump(number)
    begun = [next(slowly)]
    catalogue.record(number, [packed("bb", image(2), paper(3))])
    assert [*begun, *slowly] == before
    after = Counter(table for table, _ in catalogue.dump(number))
    assert after["holding"] == 3
    assert Counter(table for table, _ in before)["holding"] == 1


def test_every_holding_and_pack_of_the_archive_is_walked_from_any_place(catalogue: Catalogue) -> None:
    numbers = [opened(catalogue, name).number for name in ("one", "two", "empty", "four")]
    for number in (numbers[0], numbers[1], numbers[3]):
        packs = [packed(object_id, image(place), image(place + 1), takeover=number)
            for place, object_id in ((5, "aa"), (3, "bb"), (1, "cc"))]  # fmt: skip
        catalogue.record(number, packs[::-1])
    every = list(catalogue.every_holding())
    places = [(number, each.location.object_id, each.location.offset) for number, each in every]
    assert len(places) == 18
    assert places == sorted(places)
    for at, place in enumerate(places):
        assert list(catalogue.every_holding(after=place)) == every[at + 1 :]
    packs_of_all = [(number, pack.object_id) for number, pack in catalogue.every_pack()]
    assert len(packs_of_all) == 9
    assert packs_of_all == sorted(packs_of_all)
    assert [(n, p.object_id) for n, p in catalogue.every_pack(after=packs_of_all[4])] == packs_of_all[5:]
    assert [each.ordinal for each in catalogue.holdings_of_patient(numbers[1], 1, after=2)] == [3, 4, 5, 6]
    assert list(catalogue.holdings_of_patient(numbers[1], 2)) == []
