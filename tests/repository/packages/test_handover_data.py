import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.takeover import Handover, Producer, Route
from repository.packages.handover import contradicts, filled_from, handover_json, read_handover
from tests.builders.words import LOWER, words
from tests.repository.packages.schema_check import fits

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/handover.schema.json").read_bytes())
RIGHT: dict[str, Any] = {
    "producer": {"name": "Przychodnia", "rpwdl_book": "000000190353", "regon": "192598184", "nip": "8567346215"},
    "successor": {"name": "Szpital"},
    "cessation_date": "2024-05-31",
    "legal_basis": "art. 30a ust. 2",
    "route": "SUCCESSOR",
    "declared_counts": {"items": 12, "bytes": 3_000_000_000_000},
}
FORM = {"PKG-HANDOVER-JSON", "PKG-HANDOVER-MISSING", "PKG-HANDOVER-FIELD", "PKG-HANDOVER-DATE", "PKG-HANDOVER-ROUTE"}


def read(value: object) -> tuple[Handover, list[str]]:
    return read_raw(json.dumps(value).encode())


def read_raw(raw: bytes) -> tuple[Handover, list[str]]:
    handover, findings = read_handover(io.BytesIO(raw))
    assert all(finding.en and finding.pl for finding in findings)
    return handover, [finding.code for finding in findings]


TEXT = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=30)
NUMBER = st.text("0123456789", max_size=14)
PRODUCERS = st.builds(Producer, name=TEXT, rpwdl_book=NUMBER, regon=NUMBER, nip=NUMBER)
HANDOVERS = st.builds(
    Handover,
    producer=PRODUCERS,
    successor=st.none() | PRODUCERS,
    cessation_date=st.just("") | st.dates(date(1900, 1, 1)).map(date.isoformat),
    legal_basis=TEXT,
    route=st.none() | st.sampled_from(Route),
    declared_counts=st.dictionaries(words(LOWER, f"{LOWER}_", most=39), st.integers(0, (1 << 63) - 1)),
)


@given(handover=HANDOVERS)
def test_what_is_written_is_read_back(handover: Handover) -> None:
    assert read_raw(handover_json(handover))[0] == handover


def test_a_right_file_is_read_without_a_finding_and_fits_the_schema() -> None:
    handover, codes = read(RIGHT)
    assert codes == []
    assert fits(RIGHT, SCHEMA, SCHEMA)
    assert handover.route is Route.SUCCESSOR
    assert handover.producer.regon == "192598184"
    assert handover.successor == Producer(name="Szpital")
    assert handover.declared_counts["bytes"] == 3_000_000_000_000


WRONG: list[tuple[tuple[str, ...], object, str]] = [
    (("producer",), None, "PKG-HANDOVER-FIELD"),
    (("producer", "name"), ["x"], "PKG-HANDOVER-FIELD"),
    (("producer", "name"), "a\nb", "PKG-HANDOVER-FIELD"),
    (("producer", "name"), "x" * 1001, "PKG-HANDOVER-FIELD"),
    (("producer", "nip"), 8567346215, "PKG-HANDOVER-FIELD"),
    (("producer", "regon"), "192598183", "PKG-REGON"),
    (("producer", "nip"), "8567346216", "PKG-NIP"),
    (("producer", "rpwdl_book"), "190353", "PKG-RPWDL"),
    (("successor",), "Szpital", "PKG-HANDOVER-FIELD"),
    (("cessation_date",), "31.05.2024", "PKG-HANDOVER-DATE"),
    (("cessation_date",), "2024-02-30", "PKG-HANDOVER-DATE"),
    (("cessation_date",), "20240531", "PKG-HANDOVER-DATE"),
    (("route",), "successor", "PKG-HANDOVER-ROUTE"),
    (("route",), 1, "PKG-HANDOVER-FIELD"),
    (("legal_basis",), "\ud800", "PKG-HANDOVER-FIELD"),
    (("declared_counts",), [], "PKG-HANDOVER-FIELD"),
    (("declared_counts",), {"items": -1}, "PKG-HANDOVER-FIELD"),
    (("declared_counts",), {"items": True}, "PKG-HANDOVER-FIELD"),
    (("declared_counts",), {"items": 1.5}, "PKG-HANDOVER-FIELD"),
    (("declared_counts",), {"Items!": 1}, "PKG-HANDOVER-FIELD"),
    (("declared_counts",), {"items": 1 << 63}, "PKG-HANDOVER-FIELD"),
    (("unknown",), 1, "PKG-HANDOVER-UNKNOWN"),
]


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    copy = json.loads(json.dumps(RIGHT))
    *way, last = path
    place = copy
    for name in way:
        place = place[name]
    place[last] = value
    return copy  # type: ignore[no-any-return]


@pytest.mark.parametrize(("path", "value", "code"), WRONG)
def test_a_field_of_the_wrong_form_is_named_and_the_rest_is_used(
    path: tuple[str, ...], value: object, code: str
) -> None:
    wrong = changed(path, value)
    handover, codes = read(wrong)
    assert codes == [code]
    assert handover.legal_basis == ("" if path == ("legal_basis",) else "art. 30a ust. 2")
    assert fits(wrong, SCHEMA, SCHEMA) is not bool(FORM & set(codes))


@pytest.mark.parametrize("field", ["producer", "cessation_date", "legal_basis", "route"])
def test_a_field_that_is_missing_is_named(field: str) -> None:
    value = {name: part for name, part in RIGHT.items() if name != field}
    assert read(value)[1] == ["PKG-HANDOVER-MISSING"]
    assert not fits(value, SCHEMA, SCHEMA)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2)
)
FIELDS = st.sampled_from([*RIGHT, "other"])


@settings(max_examples=200)
@given(value=st.dictionaries(FIELDS, JSON | st.sampled_from(list(RIGHT.values())), max_size=6))
def test_the_schema_and_the_reader_agree_on_what_is_well_formed(value: dict[str, Any]) -> None:
    assert fits(value, SCHEMA, SCHEMA) is not bool(FORM & set(read(value)[1]))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1,]",
        b'{"route": "CHAMBER", "route": "WOJEWODA"}',
        b'{"declared_counts": {"items": NaN}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"x": "' + b"x" * (1 << 20) + b'"}',
        b"1" * 5000,
    ],
)
def test_what_is_no_strict_json_is_one_finding_and_no_data(raw: bytes) -> None:
    assert read_raw(raw) == (Handover(), ["PKG-HANDOVER-JSON"])


def test_a_value_that_is_no_object_is_one_finding() -> None:
    assert read([1, 2]) == (Handover(), ["PKG-HANDOVER-FIELD"])


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_raw(b"\xef\xbb\xbf" + json.dumps(RIGHT).encode())[1] == []


def test_no_finding_repeats_a_value() -> None:
    _, findings = read_handover(io.BytesIO(json.dumps(changed(("producer", "regon"), "111222333")).encode()))
    (finding,) = findings
    assert finding.code == "PKG-REGON"
    assert "111222333" not in finding.en + finding.pl


def test_what_was_given_fills_gaps_and_never_replaces() -> None:
    found = Handover(producer=Producer(name="A"), route=Route.CHAMBER)
    given_too = Handover(producer=Producer(name="B", nip="8567346215"), route=Route.CHAMBER, legal_basis="umowa")
    both = filled_from(found, given_too)
    assert both.producer == Producer(name="A", nip="8567346215")
    assert both.legal_basis == "umowa"
    assert contradicts(found, given_too)
    assert not contradicts(found, Handover(legal_basis="umowa"))
