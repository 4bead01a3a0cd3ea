"""Descriptions: what is sealed of a takeover comes back equal, and what this version did not write is refused."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.canonical import canonical, parse
from repository.domain.describing import Description
from repository.domain.holding import CustodyEvent, Holding, Location, PatientRecord
from repository.domain.takeover import Disposition, Handover, Item, Producer, Route, State, Takeover
from repository.evidence.record import entry, holding_record, parsed
from repository.findings import Finding
from repository.takeover.custody import custody_event
from repository.takeover.errors import DescriptionDamaged
from repository.takeover.inscribing import (
    KINDS,
    event_of_json,
    events_of,
    facts_of,
    facts_of_holding,
    findings_of,
    handover_of_json,
    holdings_of,
    inscribe_closing,
    inscribe_events,
    inscribe_items,
    inscribe_opening,
    items_of,
    patient_of,
    read_description,
    said_by,
)
from tests.repository.domain import test_facts
from tests.repository.domain.test_facts import patients, words

ID, ARCHIVE, AT = "01a1ffe7-73a7-7e2a-9301-26a341fd7c56", "a" * 32, "2026-01-02T03:04:05Z"
STORED_LOTS = [Disposition.KEPT, Disposition.ALTERED, Disposition.UNEXPECTED]
digests = st.dictionaries(
    st.sampled_from(["md5", "sha256"]), st.text("0123456789abcdef", min_size=1, max_size=8), max_size=2
)
counts = st.integers(0, 1 << 50)
findings = st.builds(Finding, words, words, st.dictionaries(st.sampled_from(["tag", "row"]), counts | words))
descriptions = st.builds(
    replace, test_facts.descriptions, findings=st.lists(findings, max_size=2).map(tuple)
)  # fmt: skip
producers = st.builds(Producer, words, words, words, words)
handovers = st.builds(
    Handover, producers, st.none() | producers, words, words, st.none() | st.sampled_from(Route),
    st.dictionaries(st.sampled_from(["items", "bytes", "patients"]), counts),
)  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> CustodyEvent:
    kind, outcome = draw(st.sampled_from([("capture", "started"), ("ingestion end", "accepted")]))
    detail = draw(words)
    return custody_event(
        kind, archive=ARCHIVE, takeover=ID, at=AT, outcome=outcome, detail=detail, ordinal=draw(st.integers(0, 9))
    )


@st.composite
def items(draw: st.DrawFn, ordinal: int, lots: list[Disposition]) -> Item:
    declared = draw(st.booleans())
    return Item(
        ordinal=ordinal,
        path=draw(words),
        size=draw(st.integers(-1, 1 << 40)),
        declared=declared,
        declared_size=draw(st.integers(-1, 1 << 40)) if declared else -1,
        declared_digests=draw(digests) if declared else {},
        disposition=draw(st.sampled_from(lots)),
        conflicts_with=draw(st.integers(0, 3)),
    )


@st.composite
def members(draw: st.DrawFn) -> list[tuple[Item, Holding]]:
    made = []
    for ordinal in range(1, draw(st.integers(0, 3)) + 1):
        item, described = draw(items(ordinal, STORED_LOTS)), draw(descriptions)
        size, place = draw(counts), Location("b" * 32, draw(counts), draw(counts))
        sha, sealed = hashlib.sha256(b"%d" % ordinal).digest(), hashlib.sha256(b"s%d" % ordinal).digest()
        facts = facts_of(item.path, item.disposition, conflicts_with=item.conflicts_with, says=said_by(described))
        record = holding_record(
            archive=ARCHIVE, takeover=ID, ordinal=ordinal, kind=described.kind, size=size, sha256=sha,
            sealed_sha256=sealed, object_id=place.object_id, offset=place.offset, length=place.length,
            at=AT, facts=facts,
        )  # fmt: skip
        holding = Holding(
            ordinal, item.path, 7, size, sha, sealed, place, record, entry(record), AT, described, item.disposition,
            item.conflicts_with,
        )  # fmt: skip
        made.append((item, holding))
    return made


@settings(max_examples=80, deadline=None)
@given(members(), st.none() | patients)
def test_items_come_back_equal(made: list[tuple[Item, Holding]], facts: Any) -> None:
    patient = PatientRecord(7, facts) if facts else None
    raw = inscribe_items(ID, patient, [(item, facts_of_holding(held), held.record) for item, held in made])
    assert raw == canonical(parse(raw))  # put together by hand, and canonical all the same
    says = read_description(raw, name="x")
    assert (says["kind"], says["takeover"]) == ("items", ID)
    assert patient_of(says) == patient
    assert holdings_of(says, patient=7) == tuple(held for _, held in made)
    assert items_of(says) == tuple(item for item, _ in made)
    assert events_of(says) == ()
    for _, held in made:
        assert parsed(held.record).commits_to(facts_of_holding(held))


@settings(max_examples=80, deadline=None)
@given(handovers, st.lists(findings, max_size=2), st.lists(events(), max_size=2), st.booleans())
def test_an_opening_comes_back_equal(
    handover: Handover, found: list[Finding], happened: list[CustodyEvent], declared: bool
) -> None:
    takeover = Takeover(3, ID, State.RECEIVING, "/package", "f" * 64, handover, declared, AT)
    says = read_description(inscribe_opening(takeover, findings=found, events=happened), name="x")
    assert handover_of_json(says["handover"]) == handover
    assert findings_of(says) == tuple(found)
    assert events_of(says) == tuple(happened)
    told = Takeover(
        3,
        says["takeover"],
        State.RECEIVING,
        says["package"],
        says["fingerprint"],
        handover,
        says["declared"],
        says["opened_at"],
    )
    assert told == takeover


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(1, 99), max_size=4, unique=True).flatmap(
        lambda ordinals: st.tuples(*(items(ordinal, list(Disposition)) for ordinal in ordinals))
    ),
    st.lists(findings, max_size=2),
    st.lists(events(), max_size=2),
    st.text(max_size=20),
)
def test_a_closing_comes_back_equal(
    unkept: tuple[Item, ...], found: list[Finding], happened: list[CustodyEvent], protocol: str
) -> None:
    raw = inscribe_closing(
        ID,
        state=State.ACCEPTED,
        closed_at=AT,
        items=unkept,
        findings=found,
        events=happened,
        protocol=protocol.encode(),
    )
    says = read_description(raw, name="x")
    assert (State(says["state"]), says["closed_at"], says["protocol"]) == (State.ACCEPTED, AT, protocol)
    assert items_of(says) == unkept
    assert findings_of(says) == tuple(found)
    assert events_of(says) == tuple(happened)


@given(st.lists(events(), max_size=3))
def test_events_come_back_equal(happened: list[CustodyEvent]) -> None:
    says = read_description(inscribe_events(ID, happened), name="x")
    assert events_of(says) == tuple(happened)
    assert [event_of_json(each) for each in says["events"]] == happened


GOOD = inscribe_events(ID, [])


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b"[]", b"null", b"1", b'"events"', GOOD[:-1], GOOD + b" ", b" " + GOOD,
        GOOD.replace(b'"v":1', b'"v":2'), GOOD.replace(b'"v":1', b'"v":true'), GOOD.replace(b'"v":1', b'"v":"1"'),
        GOOD.replace(b'"v":1', b'"v":1.0'), GOOD.replace(b'"kind":"events"', b'"kind":"other"'),
        GOOD.replace(b'"kind":"events"', b'"kind":["events"]'), GOOD.replace(b'"kind":"events",', b""),
        GOOD.replace(f'"{ID}"'.encode(), b"7"), b"\xff" + GOOD, b"[" * 5000,
    ],
)  # fmt: skip
def test_what_this_version_did_not_write_is_refused(raw: bytes) -> None:
    assert raw != GOOD
    with pytest.raises(DescriptionDamaged):
        read_description(raw, name="takeovers/x")


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner) | st.dictionaries(st.sampled_from(["v", "kind", "takeover"]), inner)


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers(0, 2) | st.text(max_size=4), nested, max_leaves=6).map(canonical)
)
def test_anything_else_is_refused_and_nothing_else_is_raised(raw: bytes) -> None:
    try:
        says = read_description(raw, name="x")
    except DescriptionDamaged:
        return
    assert says["v"] == 1
    assert says["kind"] in KINDS


def test_facts_say_nothing_of_what_is_not_so() -> None:
    item = Item(1, "p", disposition=Disposition.KEPT)
    assert b"conflicts_with" not in facts_of("p", item.disposition, conflicts_with=0, says=b"{}")
    assert b'"conflicts_with":4' in facts_of("p", item.disposition, conflicts_with=4, says=b"{}")
    assert replace(item, conflicts_with=4) != item


@given(st.text(max_size=12), st.sampled_from(sorted(STORED_LOTS)), st.integers(0, 2**53 - 1), descriptions)
def test_facts_are_in_the_one_form_of_their_value(
    path: str, disposition: Disposition, conflicts_with: int, described: Description
) -> None:
    facts = facts_of(path, disposition, conflicts_with=conflicts_with, says=said_by(described))
    says = parse(facts)
    assert says.pop("conflicts_with", 0) == conflicts_with
    assert says == {"path": path, "disposition": disposition.value, "says": parse(said_by(described))}
