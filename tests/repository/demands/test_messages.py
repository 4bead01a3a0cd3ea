"""Demands as JSON: what goes in comes out, and what is no demand is refused without repeating it."""

import json
import re
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.principal import Assurance, Identification, Method, Organisation, Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.demands.errors import DemandUnreadable
from repository.demands.messages import (
    LONGEST,
    order_body,
    order_of,
    order_text,
    principal_body,
    principal_of,
    read_order,
)
from repository.demands.order import DemandOrder
from repository.demands.submitting import ErrorList, Receipt, accept_or_reject, submit
from repository.demands.telling import order_from
from repository.domain.describing import Identifier
from repository.runtime import Archive
from tests.repository.demands.making import TAKEOVER, order, requester

words = st.text(st.characters(codec="utf-8"), max_size=20)
filled = words.filter(lambda text: bool(text.strip()))
identifiers = st.builds(Identifier, words, words)
moments = st.datetimes(timezones=st.just(UTC))
principals = st.builds(
    Principal,
    kind=st.sampled_from(PrincipalKind),
    id=filled,
    given_name=words,
    surname=words,
    role=words,
    npwz=words,
    identifier=st.none() | identifiers,
    organisation=st.none() | st.builds(Organisation, identifiers, words, words),
    identification=st.none()
    | st.builds(Identification, st.sampled_from(Method), st.sampled_from(Assurance), words, moments, moments),
)
parts = st.lists(words, max_size=2).map(tuple)
scopes = st.builds(
    Scope,
    documents=st.lists(identifiers, max_size=2).map(tuple),
    classes=parts,
    events=st.lists(identifiers, max_size=2).map(tuple),
    studies=parts,
    specialties=parts,
    first_day=words,
    last_day=words,
)
orders = st.builds(
    DemandOrder,
    message_id=filled,
    requester=principals,
    patient=st.none() | identifiers,
    scope=scopes,
    purpose=st.none() | st.sampled_from(Purpose),
    basis=words,
    reason=words,
    evidence=words,
    takeover=words,
    provider=st.none() | identifiers,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(orders)
def test_an_order_comes_out_as_it_went_in(one: DemandOrder) -> None:
    assert read_order(order_text(one)) == one
    assert order_text(read_order(order_text(one))) == order_text(one)


@settings(max_examples=30, deadline=None)
@given(principals)
def test_a_principal_comes_out_as_it_went_in(one: Principal) -> None:
    assert principal_of(principal_body(one)) == one


@settings(max_examples=60, deadline=None)
@given(values)
def test_any_other_json_is_refused_by_a_typed_error(value: object) -> None:
    with pytest.raises(DemandUnreadable):
        order_of(value)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_message_with_one_wrong_part_is_an_order_or_refused_by_a_typed_error(data: st.DataObject) -> None:
    body: Any = json.loads(order_text(order()))
    place = body
    while isinstance(place, dict) and place:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or data.draw(st.booleans()):
            place[name] = data.draw(values)
            break
        place = place[name]
    try:
        read = order_of(body)
    except DemandUnreadable:
        return
    assert order_of(order_body(read)) == read


def test_what_may_be_empty_may_be_left_out() -> None:
    said = {"message_id": "m-1", "requester": {"kind": "patient", "id": "p-1"}}
    assert order_of(said) == DemandOrder(message_id="m-1", requester=Principal(kind=PrincipalKind.PATIENT, id="p-1"))


@pytest.mark.parametrize("message", [b"", b"{", b"[]", b"null", b"\xff", b'{"message_id": "m"}', b" " * (LONGEST + 1)])
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(DemandUnreadable):
        read_order(message)


def test_a_refusal_does_not_repeat_a_value() -> None:
    body = order_body(order()) | {"purpose": "Kowalska 44051401458"}
    with pytest.raises(DemandUnreadable) as told:
        order_of(body)
    assert told.value.fields == {"path": "purpose"}
    with pytest.raises(DemandUnreadable) as told:
        order_of(order_body(order()) | {"Kowalska": ""})
    assert "Kowalska" not in f"{told.value}{told.value.fields}"


PAGE = Path(__file__).resolve().parents[3] / "docs" / "demands.md"


def documented(heading: str) -> set[str]:
    """The names in the first column of the table that begins with `heading`."""
    table = PAGE.read_text("utf-8").split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return {name for row in table.splitlines()[2:] for name in re.findall("`([a-z_]+)`", row.split("|")[1])}


def test_the_page_describes_every_member_and_its_example_is_read() -> None:
    who = order().requester
    text = PAGE.read_text("utf-8")
    example = json.loads(text.split("```json\n", 1)[1].split("```", 1)[0])
    read = order_from(example, who)
    said = order_body(read)
    assert documented("member") == said.keys()
    assert documented("part of `scope`") == said["scope"].keys()
    kept = {name: value for name, value in said.items() if name in example}
    assert kept | {"scope": {name: said["scope"][name] for name in example["scope"]}} == example
    assert order_from(example | {"requester": {"id": who.id}}, who) == read
    with pytest.raises(DemandUnreadable):
        order_from(example | {"requester": {"id": "somebody else"}}, who)


def test_what_the_page_says_is_enough_is_accepted(plain: Archive) -> None:
    example = json.loads(PAGE.read_text("utf-8").split("```json\n", 1)[1].split("```", 1)[0])
    provided = {name: value for name, value in example.items() if name != "provider"} | {"takeover": TAKEOVER}
    needed = {"message_id": "1", "patient": example["patient"], "purpose": "treatment", "takeover": TAKEOVER}
    for message in (provided | {"message_id": "0"}, needed):
        demand = submit(plain, order_from(message, requester()))
        assert isinstance(accept_or_reject(plain, demand.id, by=requester()), Receipt)
    for missing in ("patient", "purpose", "takeover"):
        partly = needed | {"message_id": f"without {missing}"}
        del partly[missing]
        demand = submit(plain, order_from(partly, requester()))
        answer = accept_or_reject(plain, demand.id, by=requester())
        assert isinstance(answer, ErrorList)
        assert {"takeover": "provider"}.get(missing, missing) in {fault.path for fault in answer.faults}
