"""The text of a bundle: what goes in comes out equal, and nothing that was changed is read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.canonical import GREATEST, canonical, parse
from repository.domain.deed import Deed
from repository.evidence.deeds import deeds_of, inscribe_deeds, is_true
from repository.evidence.errors import RecordMalformed
from repository.evidence.record import custody_record, entry
from tests.builders.deeds import ARCHIVE, AT, maker, some_of_each
from tests.builders.words import LOWER, words

pytestmark = pytest.mark.requirement("R463-10.1.2")

PLAIN = st.none() | st.booleans() | st.integers(-GREATEST, GREATEST) | st.text(max_size=12)
KEYS = st.text(st.characters(codec="ascii"), max_size=6)
BODIES = st.dictionaries(
    KEYS, st.recursive(PLAIN, lambda of: st.lists(of, max_size=3) | st.dictionaries(KEYS, of), max_leaves=6)
)
KINDS = words(LOWER, f"{LOWER} -", most=20)


def made(first: int = 1) -> list[Deed]:
    return [maker(*told)(number) for number, told in enumerate(some_of_each(), first)]


@settings(max_examples=20, deadline=None)
@given(first=st.integers(1, 10**9), told=st.lists(st.tuples(KINDS, BODIES, KINDS), min_size=1, max_size=5))
def test_deeds_come_back_equal(first: int, told: list[tuple[str, dict[str, Any], str]]) -> None:
    deeds = [maker(*each)(number) for number, each in enumerate(told, first)]
    assert list(deeds_of(inscribe_deeds(deeds), archive=ARCHIVE)) == deeds


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    """It is refused; or a record says another time, kind or outcome by itself, and then it is not what the log has."""
    deeds = made()[:3]
    text = bytearray(inscribe_deeds(deeds))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    try:
        read = deeds_of(bytes(text), archive=ARCHIVE)
    except RecordMalformed:
        return
    changed = [new for new, old in zip(read, deeds, strict=True) if new != old]
    assert len(changed) == 1
    assert changed[0].entry not in {deed.entry for deed in deeds}
    assert changed[0].body == deeds[changed[0].number - 1].body


@settings(max_examples=20, deadline=None)
@given(text=st.binary(max_size=200) | BODIES.map(canonical) | PLAIN.map(canonical))
def test_no_other_text_is_taken_for_a_bundle(text: bytes) -> None:
    with pytest.raises(RecordMalformed):
        deeds_of(text, archive=ARCHIVE)


def test_a_bundle_with_a_gap_or_out_of_order_is_refused() -> None:
    deeds = made()
    for wrong in ([], [deeds[0], deeds[2]], [deeds[1], deeds[0]], [deeds[0], deeds[0]]):
        with pytest.raises(RecordMalformed):
            deeds_of(inscribe_deeds(wrong), archive=ARCHIVE)


def test_the_bundle_of_another_archive_is_refused() -> None:
    with pytest.raises(RecordMalformed):
        deeds_of(inscribe_deeds(made()), archive=ARCHIVE[::-1])


@pytest.mark.parametrize("change", [{"format": 2}, {"deeds": None}, {"deeds": [1]}, {"deeds": [{}]}])
def test_what_is_not_in_form_is_refused(change: dict[str, Any]) -> None:
    says = parse(inscribe_deeds(made()))
    with pytest.raises(RecordMalformed):
        deeds_of(canonical(says | change), archive=ARCHIVE)


def test_a_line_is_true_only_as_it_was_written() -> None:
    (deed,) = made()[:1]
    assert is_true(deed, archive=ARCHIVE)
    event = custody_record(
        archive=ARCHIVE, takeover="0193f3c0-1111-7222-8333-012345678901", ordinal=1, event="account", outcome="x", at=AT
    )
    changes: tuple[dict[str, Any], ...] = (
        {"number": 2}, {"kind": "review"}, {"at": "2026-11-21T10:00:01.000000Z"}, {"outcome": "refused"},
        {"body": {}}, {"body": {"a": 1.5}}, {"record": b"{}"}, {"entry": bytes(32)},
        {"record": event, "entry": entry(event)},
    )  # fmt: skip
    for changed in changes:
        assert not is_true(replace(deed, **changed), archive=ARCHIVE), changed
