"""How many images are kept in which transfer syntax, on both engines: counted once, and what has come since."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from repository.access.extent import Objected
from repository.access.reach import Reach
from repository.access.subject import Scope
from repository.catalogue import encodings
from repository.catalogue.catalogue import Catalogue
from repository.domain.holding import Holding
from repository.domain.takeover import State, Takeover
from tests.builders.holdings import AT, image, opened, packed, paper, person

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT, LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"


def encoded(ordinal: int, syntax: str, *, sop_class: str = CT, patient: int = 1) -> Holding:
    made = image(ordinal, patient=patient)
    assert made.description.dicom is not None
    facts = replace(made.description.dicom, transfer_syntax_uid=syntax, sop_class_uid=sop_class)
    return replace(made, description=replace(made.description, dicom=facts))


def record(catalogue: Catalogue, name: str, holdings: Iterable[Holding], *, takeover: int = 1) -> None:
    catalogue.record(takeover, [packed(name, *holdings, takeover=takeover)])


def asked(catalogue: Catalogue, *ids: str, within: Reach | None = None) -> dict[str, dict[str, int]] | None:
    found = catalogue.encodings.held(ids or None, seconds=30, within=within)
    return None if found is None else {uid: dict(counts) for uid, counts in found.items()}


@pytest.fixture(params=[encodings.AT_ONCE, 1, 3])
def pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "AT_ONCE", request.param)


@pytest.mark.usefixtures("pages")
def test_images_are_counted_by_class_and_syntax_and_documents_are_not(catalogue: Catalogue) -> None:
    assert asked(catalogue) == {}
    opened(catalogue)
    assert asked(catalogue) == {}
    record(catalogue, "a", [encoded(1, EXPLICIT), encoded(2, LS), paper(3), encoded(5, LS, sop_class=MR)])
    assert asked(catalogue) == {CT: {EXPLICIT: 1, LS: 1}, MR: {LS: 1}}
    record(catalogue, "b", [paper(6), encoded(9, LS)])
    assert asked(catalogue) == {CT: {EXPLICIT: 1, LS: 2}, MR: {LS: 1}}


@pytest.mark.usefixtures("pages")
def test_what_is_recorded_before_what_was_counted_is_counted_too(catalogue: Catalogue) -> None:
    opened(catalogue)
    record(catalogue, "a", [encoded(7, LS)])
    assert asked(catalogue) == {CT: {LS: 1}}
    record(catalogue, "b", [encoded(3, EXPLICIT), encoded(9, LS)])
    assert asked(catalogue) == {CT: {EXPLICIT: 1, LS: 2}}


def test_takeovers_are_told_apart(catalogue: Catalogue) -> None:
    one, other = opened(catalogue), opened(catalogue, "two")
    record(catalogue, "a", [encoded(1, LS)])
    record(catalogue, "b", [encoded(1, EXPLICIT)], takeover=2)
    assert asked(catalogue, one.id) == {CT: {LS: 1}}
    assert asked(catalogue, other.id) == {CT: {EXPLICIT: 1}}
    assert asked(catalogue, one.id, other.id) == asked(catalogue) == {CT: {LS: 1, EXPLICIT: 1}}
    assert asked(catalogue, "unknown") == {}


def seeing(*takeovers: Takeover, **said: Any) -> Reach:
    return Reach(takeovers=frozenset(each.id for each in takeovers), **said)


SOME = Scope(first_day="20200101", last_day="20200131")
"""When the images of the builders were made: whoever objects to that has a part of the record hidden."""


@pytest.mark.parametrize("scope", [Scope(), SOME], ids=["all", "some"])
@pytest.mark.parametrize("where", ["", "takeover-one"])
def test_of_whoever_something_is_hidden_from_the_asker_nothing_is_counted(
    catalogue: Catalogue, scope: Scope, where: str
) -> None:
    one, other = opened(catalogue), opened(catalogue, "two")
    record(catalogue, "a", [encoded(1, LS), encoded(4, LS)])
    record(catalogue, "b", [encoded(2, LS, patient=2), encoded(3, EXPLICIT, patient=2)])
    record(catalogue, "c", [encoded(1, EXPLICIT)], takeover=2)
    refused = Objected(where, person(2).identifiers[0], scope)
    both = {CT: {LS: 2, EXPLICIT: 1}}
    assert asked(catalogue, within=seeing(one, other, objections=(refused,))) == both
    assert asked(catalogue, within=seeing(other)) == {CT: {EXPLICIT: 1}}
    assert asked(catalogue, within=Reach(takeovers=None, objections=(refused,))) == both
    assert asked(catalogue, one.id, within=Reach(takeovers=None)) == {CT: {LS: 3, EXPLICIT: 1}}
    record(catalogue, "d", [encoded(9, EXPLICIT, patient=2), encoded(10, EXPLICIT)])
    assert asked(catalogue, one.id, within=seeing(one, objections=(refused,))) == {CT: {LS: 2, EXPLICIT: 1}}


def test_of_a_takeover_of_which_something_is_hidden_from_the_asker_nothing_is_counted(catalogue: Catalogue) -> None:
    one, other = opened(catalogue), opened(catalogue, "two")
    record(catalogue, "a", [encoded(1, LS)])
    record(catalogue, "b", [encoded(1, EXPLICIT)], takeover=2)
    refused = Objected(one.id, None, SOME)
    assert asked(catalogue, within=seeing(one, other, objections=(refused,))) == {CT: {EXPLICIT: 1}}
    assert asked(catalogue, within=seeing(one, other, objections=(Objected("", None, SOME),))) == {}


def test_what_takes_too_long_is_not_known_and_goes_on_the_next_time(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encodings, "AT_ONCE", 1)
    opened(catalogue)
    record(catalogue, "a", [encoded(number, LS) for number in range(1, 6)])
    answers = [catalogue.encodings.held(None, seconds=0) for _ in range(6)]
    assert answers[:4] == [None] * 4
    assert answers[-1] == {CT: {LS: 5}}


def test_of_a_takeover_that_has_ended_nothing_is_asked_again(catalogue: Catalogue) -> None:
    opened(catalogue)
    record(catalogue, "a", [encoded(1, LS)])
    for state in (State.RECEIVED, State.BALANCED, State.ACCEPTED):
        catalogue.move(1, state, at=AT)
    assert asked(catalogue) == {CT: {LS: 1}}
    said: list[str] = []
    engine = catalogue.encodings._room.engine
    event.listen(engine, "before_cursor_execute", lambda *words: said.append(words[2]))
    assert asked(catalogue) == {CT: {LS: 1}}
    assert not [each for each in said if "instance" in each]
