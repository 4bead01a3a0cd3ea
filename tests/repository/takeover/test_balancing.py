"""The statement: counted from the items, zero if and only if each is settled and each kept one has its bytes."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.statement import CountCheck, Statement
from repository.domain.takeover import STORED, Disposition, Item
from repository.takeover.balancing import balance
from repository.takeover.concluding import statement_to_json

pytestmark = pytest.mark.requirement("R463-6.1")


def stated(items: list[Item], *, holdings: int | None = None, declared: dict[str, int] | None = None) -> Statement:
    stored = [item for item in items if item.disposition in STORED]
    return balance(
        items,
        holdings=len(stored) if holdings is None else holdings,
        holding_bytes=sum(max(item.size, 0) for item in stored),
        declared_counts=declared or {},
        found_counts={"patients": 2, "documents": 3},
    )


@st.composite
def listings(draw: st.DrawFn, lots: list[Disposition]) -> list[Item]:
    """Items that are declared, there, or both; each settled somehow."""
    ways = st.sampled_from([(True, -1), (True, 7), (False, 7), (False, 0)])
    drawn = draw(st.lists(st.tuples(ways, st.sampled_from(lots), st.integers(0, 2)), max_size=25))
    return [
        Item(n, f"data/{n}", size=size, declared=declared, disposition=lot, conflicts_with=conflict)
        for n, ((declared, size), lot, conflict) in enumerate(drawn, 1)
    ]


SETTLED = [each for each in Disposition if each is not Disposition.PENDING]


@settings(max_examples=200, deadline=None)
@given(listings(SETTLED))
def test_it_balances_when_everything_is_settled(items: list[Item]) -> None:
    tally = stated(items).tally
    assert tally.balances
    assert set(tally.residue.values()) <= {0}
    lots = tally.kept + tally.altered + tally.unexpected + tally.duplicate + tally.missing + tally.refused
    assert lots == len(items) == tally.declared + tally.present_not_declared
    assert tally.present + tally.declared_not_present == len(items)


@settings(max_examples=200, deadline=None)
@given(listings(list(Disposition)), st.integers(-3, 3))
def test_the_residue_is_zero_if_and_only_if_it_is_consistent(items: list[Item], off: int) -> None:
    stored = sum(item.disposition in STORED for item in items)
    waiting = sum(item.disposition is Disposition.PENDING for item in items)
    tally = stated(items, holdings=stored + off).tally
    assert tally.balances == (waiting == 0 and off == 0)
    assert tally.residue == {"declared": waiting, "present": waiting, "holdings": -off}


@given(listings(SETTLED))
def test_exceptions_are_all_that_is_not_simply_kept(items: list[Item]) -> None:
    exceptions = stated(items).exceptions
    assert list(exceptions) == [i for i in items if i.disposition is not Disposition.KEPT or i.conflicts_with]


@given(listings(SETTLED), st.integers(0, 24), st.data())
def test_the_digest_of_the_listing_changes_with_any_lot(items: list[Item], at: int, data: st.DataObject) -> None:
    before = stated(items).items_sha256
    assert stated(items).items_sha256 == before
    if at < len(items):
        other = data.draw(st.sampled_from([lot for lot in SETTLED if lot is not items[at].disposition]))
        changed = [*items[:at], replace(items[at], disposition=other), *items[at + 1 :]]
        assert stated(changed).items_sha256 != before
    assert stated(items[::-1]).items_sha256 != before or len(items) < 2


def test_the_listing_can_be_hashed_by_anybody() -> None:
    items = [
        Item(1, "data/ą.xml", size=3, declared=True, disposition=Disposition.KEPT),
        Item(2, "data/b.xml", size=-1, declared=True, disposition=Disposition.MISSING, reason="TKO-NOT-THERE"),
    ]
    lines = ""
    for item in items:
        value = {
            "ordinal": item.ordinal, "path": item.path, "size": item.size, "declared": item.declared,
            "disposition": item.disposition.value, "duplicate_of": 0, "conflicts_with": 0,
            "stored": item.disposition is Disposition.KEPT,
        }  # fmt: skip
        lines += json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    assert stated(items).items_sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_only_what_the_producer_counted_is_compared() -> None:
    items = [Item(1, "a", size=10, disposition=Disposition.KEPT), Item(2, "b", size=5, disposition=Disposition.KEPT)]
    said = stated(items, declared={"patients": 2, "documents": 4, "items": 2, "bytes": 15, "unheard of": 1})
    assert said.counts == (
        CountCheck("bytes", 15, 15),
        CountCheck("documents", 4, 3),
        CountCheck("items", 2, 2),
        CountCheck("patients", 2, 2),
    )
    assert not said.counts_agree
    assert stated(items).counts_agree


def test_a_bag_counts_its_payload_alone() -> None:
    items = [
        Item(1, "bagit.txt", size=55, disposition=Disposition.KEPT),
        Item(2, "data/a", size=10),
        Item(3, "x", size=1),
    ]
    tally = stated(items).tally
    assert (tally.payload_items, tally.payload_bytes) == (1, 10)
    assert (stated(items[1:]).tally.payload_items, stated(items[1:]).tally.payload_bytes) == (2, 11)


def test_the_statement_is_told_with_its_residue() -> None:
    told = statement_to_json(stated([Item(1, "a", size=1)]))
    assert (told["balances"], told["residue"]["declared"]) == (False, 1)
    assert told["exceptions"] == [{"ordinal": 1, "path": "a", "disposition": "pending"}]
