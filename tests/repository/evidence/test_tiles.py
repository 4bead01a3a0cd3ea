import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.evidence import tiles
from storage.objects.port import checked_name


def test_names_are_those_of_the_specification():
    assert tiles.index_path(1234067) == "x001/x234/067"
    assert tiles.tile_key(0, 0) == "log/tile/0/000"
    assert tiles.tile_key(1, 273, width=17) == "log/tile/1/273.p/17"
    assert tiles.entries_key(1000) == "log/tile/entries/x001/000"
    assert tiles.checkpoint_key(70000) == "log/checkpoint/00000000000000070000"
    assert tiles.claim_key(None) == "log/next/start"


def test_a_tree_of_70000_entries_has_the_partial_tiles_of_the_specification():
    assert tiles.partial_tiles(70000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles.partial_tiles(256) == [(1, 0, 1)]
    assert tiles.partial_tiles(0) == []
    assert tiles.width_in(70000, level=0, index=272) == 256
    assert tiles.width_in(70000, level=0, index=273) == 112
    assert tiles.width_in(70000, level=0, index=274) == 0


@given(st.integers(-1, 63), st.integers(0, 2**56), st.integers(1, 256))
def test_a_name_is_read_back_as_it_was_written(level, index, width):
    key = tiles.entries_key(index, width=width) if level < 0 else tiles.tile_key(level, index, width=width)
    assert checked_name(key) == key
    assert tiles.read_key(key) == (level, index, width)


@pytest.mark.parametrize(
    "key",
    [
        "log/tile/00/000",
        "log/tile/0/00",
        "log/tile/0/1000",
        "log/tile/0/x000/001",
        "log/tile/0/001/002",
        "log/tile/0/000.p/0",
        "log/tile/0/000.p/256",
        "log/tile/0/000.p/300",
        "log/tile/0/000.p/07",
        "log/tile/entries/000.p/",
        "log/tile/0/000 ",
        "log/tile/0/٠٠٠",
    ],
)
def test_another_way_to_write_a_name_is_not_a_name(key):
    assert tiles.read_key(key) is None


@given(st.integers(0, 10**20 - 1))
def test_checkpoints_sort_by_size(size):
    key = tiles.checkpoint_key(size)
    assert tiles.checkpoint_size(key) == size
    assert tiles.checkpoint_size(key + "0") is None
    assert size == 10**20 - 1 or key < tiles.checkpoint_key(size + 1)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_is_read_back_as_it_was_written(entries):
    data = tiles.bundle(entries)
    assert tiles.split_bundle(data, len(entries)) == entries
    for wrong in (len(entries) + 1, len(entries) - 1):
        with pytest.raises(ValueError, match="entries expected"):
            tiles.split_bundle(data, wrong)


@given(st.binary(max_size=200), st.integers(0, 5))
def test_bytes_are_a_bundle_in_one_way_only(data, width):
    try:
        entries = tiles.split_bundle(data, width)
    except ValueError:
        return
    assert tiles.bundle(entries) == data


def test_a_cut_off_bundle_or_tile_is_refused():
    data = tiles.bundle([b"\1" * 32, b"\2" * 32])
    for length in (*range(1, 34), *range(35, 68)):
        with pytest.raises(ValueError, match=r"cut off|expected"):
            tiles.split_bundle(data[:length], 2)
    with pytest.raises(ValueError, match="expected"):
        tiles.split_tile(b"\0" * 65, 2)
    assert tiles.split_tile(b"\0" * 32 + b"\1" * 32, 2) == [b"\0" * 32, b"\1" * 32]
