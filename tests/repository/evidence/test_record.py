import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from repository.canonical import GREATEST, canonical
from repository.evidence.errors import RecordMalformed
from repository.evidence.record import (
    CustodyRecord,
    DeedRecord,
    HoldingRecord,
    custody_record,
    deed_record,
    entry,
    holding_record,
    parsed,
)
from tests.builders.words import DIGITS, LOWER, words

COUNTS = st.integers(0, GREATEST)
DIGESTS = st.binary(min_size=32, max_size=32)
TIMES = st.datetimes().map(lambda when: when.isoformat() + "Z").filter(lambda text: text[0] in "12")
SHARED: dict[str, SearchStrategy[Any]] = {
    "archive": words(f"{LOWER}{DIGITS}", f"{LOWER}{DIGITS}._-", most=63),
    "takeover": st.uuids().map(str),
    "ordinal": COUNTS,
    "at": TIMES,
    "facts": st.binary(max_size=50),
    "salt": st.binary(min_size=16, max_size=16),
}
HOLDINGS = st.fixed_dictionaries(
    SHARED
    | {
        "kind": st.sampled_from(["dicom", "cda", "xml", "opaque"]),
        "size": COUNTS,
        "sha256": DIGESTS,
        "sealed_sha256": DIGESTS,
        "object_id": st.uuids().map(lambda one: f"takeovers/{one}/{one.hex}"),
        "offset": COUNTS,
        "length": COUNTS,
    }
)
EVENTS = st.fixed_dictionaries(
    SHARED | {"event": st.sampled_from(["capture", "ingestion end"]), "outcome": st.sampled_from(["success", "fail"])}
)
DEEDS = st.fixed_dictionaries(
    {name: values for name, values in SHARED.items() if name not in ("takeover", "ordinal")}
    | {"number": COUNTS, "event": st.sampled_from(["account", "consent"]), "outcome": st.sampled_from(["permitted"])}
)
HOLDING = {
    "archive": "a1",
    "takeover": "0193f3c0-1111-7222-8333-0123456789ab",
    "ordinal": 1,
    "kind": "dicom",
    "size": 5,
    "sha256": bytes(32),
    "sealed_sha256": bytes(32),
    "object_id": "abc",
    "offset": 0,
    "length": 33,
    "at": "2026-01-31T23:59:59Z",
    "facts": b"facts",
}


@given(DEEDS)
def test_a_deed_record_says_what_it_was_made_of_and_not_of_whom(fields):
    record = deed_record(**fields)
    found = parsed(record)
    assert isinstance(found, DeedRecord)
    for name in ("archive", "at", "event", "number", "outcome", "salt"):
        assert getattr(found, name) == fields[name]
    assert found.commits_to(fields["facts"])
    assert not found.commits_to(fields["facts"] + b"?")
    assert set(json.loads(record)) == {
        "archive", "at", "event", "facts_sha256", "number", "outcome", "salt", "type", "v",
    }  # fmt: skip


@given(HOLDINGS)
def test_a_holding_record_says_what_it_was_made_of(fields):
    record = holding_record(**fields)
    found = parsed(record)
    assert isinstance(found, HoldingRecord)
    for name in fields.keys() - {"facts"}:
        assert getattr(found, name) == fields[name]
    assert found.facts_sha256 == hashlib.sha256(fields["salt"] + fields["facts"]).digest()
    assert found.commits_to(fields["facts"])
    assert not found.commits_to(fields["facts"] + b"!")
    assert canonical(json.loads(record)) == record
    assert json.loads(record)["v"] == 1


@given(EVENTS)
def test_a_custody_record_says_what_it_was_made_of(fields):
    found = parsed(custody_record(**fields))
    assert isinstance(found, CustodyRecord)
    for name in fields.keys() - {"facts"}:
        assert getattr(found, name) == fields[name]
    assert found.commits_to(fields["facts"])


def test_two_records_of_the_same_item_differ_by_their_salt():
    first, second = holding_record(**HOLDING), holding_record(**HOLDING)
    assert first != second
    assert entry(first) != entry(second)
    assert entry(first) == hashlib.sha256(first).digest()


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data):
    with pytest.raises(RecordMalformed):
        parsed(data)


@given(st.data())
def test_a_record_with_a_changed_field_is_refused_or_is_another_record(data):
    fields = json.loads(holding_record(**HOLDING))
    name = data.draw(st.sampled_from(sorted(fields)))
    junk = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.just([]) | st.just({})
    fields[name] = data.draw(junk)
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    try:
        found = parsed(text)
    except RecordMalformed:
        return
    assert getattr(found, {"object": "object_id"}.get(name, name), fields[name]) == fields[name]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("archive", "Archive"), ("archive", ""), ("archive", "a\nb"), ("takeover", "not-a-uuid"), ("ordinal", -1),
        ("ordinal", True), ("size", 2**53), ("at", "2026-01-31T23:59:59+00:00"), ("at", "2026-13-31T23:59:59Z"),
        ("object_id", "Ą"), ("object_id", "../x"), ("kind", "x\n"), ("sha256", bytes(31)), ("sealed_sha256", b""),
    ],
)  # fmt: skip
def test_a_record_that_could_not_be_read_again_is_never_made(field, value):
    with pytest.raises(RecordMalformed):
        holding_record(**HOLDING | {field: value})


def test_a_salt_of_another_length_is_refused():
    with pytest.raises(RecordMalformed, match="salt"):
        holding_record(**HOLDING, salt=b"short")


@pytest.mark.parametrize("change", [{"v": 2}, {"v": True}, {"type": "other"}, {"type": None}, {"more": 1}, {"v": "1"}])
def test_a_record_of_another_type_or_version_is_refused(change):
    fields = json.loads(holding_record(**HOLDING)) | change
    with pytest.raises(RecordMalformed):
        parsed(canonical(fields))


def test_a_record_without_a_field_or_in_another_form_is_refused():
    record = holding_record(**HOLDING)
    fields = json.loads(record)
    for name in fields:
        with pytest.raises(RecordMalformed):
            parsed(canonical({key: value for key, value in fields.items() if key != name}))
    with pytest.raises(RecordMalformed):
        parsed(b" " + record)
    with pytest.raises(RecordMalformed, match="long"):
        parsed(record + b" " * 5000)
