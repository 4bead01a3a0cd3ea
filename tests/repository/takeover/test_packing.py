"""Packs: every arrival once, one patient each, bounded in size, in number and in what waits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.describing import Description, Kind
from repository.domain.takeover import Item
from repository.takeover import packing
from repository.takeover.arriving import SMALL, Arrival
from repository.takeover.packing import (
    LEFT_BEHIND,
    OPEN_BYTES,
    OPEN_PACKS,
    PACK_BYTES,
    PACK_MEMBERS,
    WORTH,
    Pack,
    Packer,
)

OPAQUE = Description(Kind.OPAQUE, "application/octet-stream")


def arrival(ordinal: int, *, patient: int, size: int, streamed: bool = False) -> Arrival:
    return Arrival(Item(ordinal, f"{ordinal}"), OPAQUE, None if streamed else b"", size=size, patient=patient)


def packed(arrivals: list[Arrival]) -> tuple[list[Pack], int, int]:
    """All packs, and the most bytes and the most packs that waited at once."""
    packer, packs, most_bytes, most_packs = Packer(), list[Pack](), 0, 0
    for each in arrivals:
        packs.extend(packer.add(each))
        most_bytes, most_packs = max(most_bytes, packer._bytes), max(most_packs, len(packer._open))
    packs.extend(packer.rest())
    assert (packer._bytes, packer._open) == (0, {})
    return packs, most_bytes, most_packs


coming = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from([0, 1, 100, 4_000, SMALL, SMALL + 1])), max_size=60
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(coming, st.integers(1, 8), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
def test_every_arrival_comes_out_once_with_its_patient_and_within_bounds(
    sizes: list[tuple[int, int]], members: int, packs_open: int, pack_of: int, open_of: int
) -> None:
    arrivals = [arrival(n, patient=p, size=s, streamed=s > SMALL) for n, (p, s) in enumerate(sizes, 1)]
    with pytest.MonkeyPatch.context() as bounds:
        bounds.setattr(packing, "PACK_MEMBERS", members)
        bounds.setattr(packing, "OPEN_PACKS", packs_open)
        bounds.setattr(packing, "PACK_BYTES", pack_of * SMALL)
        bounds.setattr(packing, "OPEN_BYTES", open_of * SMALL)
        packs, most_bytes, most_packs = packed(arrivals)
    out = [each for pack in packs for each in pack.arrivals]
    assert sorted(each.item.ordinal for each in out) == [each.item.ordinal for each in arrivals]
    for pack in packs:
        assert pack.arrivals
        assert {each.patient for each in pack.arrivals} == {pack.patient}
        assert [each.item.ordinal for each in pack.arrivals] == sorted(each.item.ordinal for each in pack.arrivals)
        assert pack.streamed == (pack.arrivals[0].content is None)
        assert not pack.streamed or len(pack.arrivals) == 1
        assert pack.streamed or pack.bytes == sum(each.size for each in pack.arrivals) < (pack_of + 1) * SMALL
        assert len(pack.arrivals) <= members
    assert most_packs <= packs_open
    assert most_bytes <= open_of * SMALL


def test_a_pack_goes_when_it_is_full() -> None:
    packs, _, _ = packed([arrival(n, patient=1, size=SMALL) for n in range(1, 10)])
    assert [len(pack.arrivals) for pack in packs] == [4, 4, 1]
    assert packs[0].bytes == PACK_BYTES


def test_a_pack_goes_when_it_has_many_members() -> None:
    packs, _, _ = packed([arrival(n, patient=1, size=1) for n in range(1, PACK_MEMBERS + 2)])
    assert [len(pack.arrivals) for pack in packs] == [PACK_MEMBERS, 1]


def test_the_largest_goes_when_too_much_waits() -> None:
    many = [arrival(n, patient=n, size=SMALL - (n != 5)) for n in range(1, 20)]
    packs, most, _ = packed(many)
    assert packs[0].patient == 5
    assert most <= OPEN_BYTES


def test_a_thousand_patients_do_not_keep_a_thousand_packs_open() -> None:
    _, _, most = packed([arrival(n, patient=n, size=10) for n in range(1, 1000)])
    assert most == OPEN_PACKS


def test_a_pack_that_others_have_left_behind_goes_if_it_is_worth_an_object() -> None:
    packer = Packer()

    def come(first: int, count: int, *, patient: int, size: int) -> list[int]:
        for ordinal in range(first, first + count):
            assert list(packer.add(arrival(ordinal, patient=patient, size=size))) == []
        return [pack.patient for pack in packer.left_behind()]

    assert come(1, 2, patient=1, size=WORTH // 2) == []
    assert come(3, 1, patient=2, size=WORTH - 1) == []
    assert come(4, LEFT_BEHIND - 2, patient=3, size=0) == []  # one fewer came since the first patient's last
    assert come(200, 1, patient=1, size=1) == []  # joined again
    assert come(201, LEFT_BEHIND - 1, patient=3, size=0) == []
    assert come(400, 1, patient=3, size=0) == [1]  # the second patient's is not worth it
    assert sorted(pack.patient for pack in packer.rest()) == [2, 3]


def test_a_package_of_one_patient_after_another_is_sealed_as_it_is_read() -> None:
    packer, gone = Packer(), list[int]()
    for ordinal in range(1, 1001):
        gone += [pack.patient for pack in packer.add(arrival(ordinal, patient=ordinal // 200, size=8192))]
        gone += [pack.patient for pack in packer.left_behind()]
    assert gone == [0, 1, 2, 3]
