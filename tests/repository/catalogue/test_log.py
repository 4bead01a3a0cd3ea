"""The log's entries are consecutive, never change, and are claimed again by a rebuild."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import HoldingUnknown, LogContradiction
from repository.domain.holding import CustodyEvent
from tests.builders.holdings import AT, image, opened, packed, sha


def test_many_writers_share_one_sequence(catalogue: Catalogue) -> None:
    numbers = [opened(catalogue, str(n)).number for n in range(3)]

    def write(place: int) -> tuple[int, list[bytes]]:
        number = numbers[place % 3]
        pack = packed(f"{place:04x}", image(place * 2 + 1), image(place * 2 + 2), takeover=number)
        return catalogue.record(number, [pack]), [holding.entry for holding in pack.holdings]

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, range(24)))
    assert catalogue.log_size() == 48
    entries = catalogue.entries(0, 48)
    for first, own in written:
        assert entries[first : first + 2] == own


def test_entries_are_asked_for_exactly(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    assert (catalogue.log_size(), catalogue.entries(0, 0), catalogue.last_checkpoint()) == (0, [], None)
    pack = packed("aa", image(1), image(2), image(3))
    catalogue.record(number, [pack])
    assert catalogue.entries(1, 3) == [holding.entry for holding in pack.holdings[1:]]
    with pytest.raises(LogContradiction):
        catalogue.entries(1, 4)
    with pytest.raises(HoldingUnknown):
        catalogue.index_of(number, 4)
    assert catalogue.index_of_event(number, sha("none")) is None


def test_a_checkpoint_is_never_contradicted(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    catalogue.record(number, [packed("aa", image(1), image(2))])
    catalogue.note_checkpoint(1, b"1" * 32, b"one")
    catalogue.note_checkpoint(2, b"2" * 32, b"two")
    catalogue.note_checkpoint(1, b"1" * 32, b"one again")
    assert catalogue.last_checkpoint() == b"two"
    with pytest.raises(LogContradiction):
        catalogue.note_checkpoint(2, b"3" * 32, b"other")
    with pytest.raises(LogContradiction):
        catalogue.note_checkpoint(3, b"3" * 32, b"beyond")
    assert catalogue.last_checkpoint() == b"two"


def test_a_rebuild_gives_every_holding_its_old_place_in_the_log(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    packs = [packed("aa", image(1), image(2)), packed("bb", image(3))]
    event = CustodyEvent("capture", AT, "success", "", 0, b"{}", sha("event"))
    before = [*packs[0].holdings, *packs[1].holdings]
    entries = [before[0].entry, before[1].entry, event.entry, before[2].entry]
    catalogue.restore_log(0, entries[:3])
    catalogue.restore_log(0, entries)
    catalogue.restore_log(2, entries[2:])
    assert (catalogue.log_size(), catalogue.unclaimed()) == (4, 4)
    assert catalogue.record(number, [packs[1], packed("cc", image(9))], events=[event]) == 3
    assert catalogue.record(number, [packs[0]]) == 0
    assert [catalogue.index_of(number, ordinal) for ordinal in (1, 2, 3, 9)] == [0, 1, 3, 4]
    assert catalogue.index_of_event(number, event.entry) == 2
    assert (catalogue.log_size(), catalogue.unclaimed()) == (5, 0)


def test_a_log_with_a_gap_or_another_entry_is_not_restored(catalogue: Catalogue) -> None:
    catalogue.restore_log(0, [sha("a"), sha("b")])
    for start, entries in ((3, [sha("d")]), (1, [sha("x"), sha("c")])):
        with pytest.raises(LogContradiction):
            catalogue.restore_log(start, entries)
    assert catalogue.entries(0, 2) == [sha("a"), sha("b")]
