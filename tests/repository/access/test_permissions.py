"""Parts of a record, and what was in force when (R463-10.1.4, 10.1.5)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.decision import decide
from repository.access.permission import Permission, in_force
from repository.access.permission_index import PermissionIndex
from repository.access.rules import rules_at
from repository.access.subject import Scope, Subject
from repository.domain.describing import Identifier
from tests.builders.access import AT, DAY, DOCUMENT, EVENT, STUDY, consent, facts, many_consents, request, subject
from tests.builders.access_strategies import permissions, scopes, subjects

RULES = rules_at(AT.date())


@given(scopes(), subjects(), st.booleans())
def test_what_a_scope_covers_it_touches(scope: Scope, about: Subject, everywhere: bool) -> None:
    if scope.covers(about, everywhere=everywhere):
        assert scope.covers(about)
        assert scope.touches(about)


@given(scopes(), scopes(), subjects())
def test_a_narrower_scope_covers_and_touches_no_more(one: Scope, other: Scope, about: Subject) -> None:
    """Two scopes joined limit by limit are narrower than each of them."""
    limits = ("documents", "classes", "events", "studies", "specialties")
    joined = replace(one, **{name: getattr(one, name) or getattr(other, name) for name in limits})
    assert joined.covers(about) <= one.covers(about)
    assert joined.touches(about) <= one.touches(about)


@pytest.mark.parametrize("limit", ["documents", "classes", "events", "studies", "specialties"])
def test_an_attribute_that_is_not_known_satisfies_no_limit_and_excludes_none(limit: str) -> None:
    limits = {
        "documents": Scope(documents=(DOCUMENT,)),
        "classes": Scope(classes=("01.10",)),
        "events": Scope(events=(EVENT,)),
        "studies": Scope(studies=(STUDY,)),
        "specialties": Scope(specialties=("1100",)),
    }
    bare = Subject(takeover="t")
    assert limits[limit].covers(subject())
    assert limits[limit].touches(subject())
    assert not limits[limit].covers(bare)
    assert limits[limit].touches(bare)
    empty = subject(document=Identifier("", ""), class_code="", events=(Identifier("", ""),), study="", specialty="")
    assert not limits[limit].covers(empty)
    assert limits[limit].touches(empty)


@pytest.mark.parametrize(
    ("day", "covered", "touched"),
    [
        ("20240101", True, True), ("20241231", True, True), ("20231231", False, False), ("20250101", False, False),
        ("", False, True), ("2024", False, True), ("2024-06-01", False, True), ("2024060a", False, True),
    ],
)  # fmt: skip
def test_both_days_of_a_time_are_in_it_and_a_dirty_day_is_not_known(day: str, covered: bool, touched: bool) -> None:
    scope = Scope(first_day="20240101", last_day="20241231")
    assert scope.covers(subject(date=day)) is covered
    assert scope.touches(subject(date=day)) is touched


@pytest.mark.parametrize("limits", [{"first_day": "2024"}, {"last_day": "9"}, {"first_day": " 2024010"}])
def test_a_limit_that_is_no_day_covers_nothing_and_excludes_nothing(limits: dict[str, str]) -> None:
    scope = Scope(**limits)  # type: ignore[arg-type] # only days are given
    assert not scope.covers(subject())
    assert scope.touches(subject())


# History


def history() -> st.SearchStrategy[list[Permission]]:
    """Editions of one consent, each recorded later than the one before, whose end is the beginning of the next; the
    last may be withdrawn. What each says about its own time is anything."""
    return st.lists(
        st.tuples(st.integers(1, 20), st.integers(-30, 30), st.integers(1, 40)), min_size=1, max_size=5
    ).map(_editions)


def _editions(steps: list[tuple[int, int, int]]) -> list[Permission]:
    made: list[Permission] = []
    recorded = AT - 60 * DAY
    for number, (later, begins, lasts) in enumerate(steps, 1):
        recorded += later * DAY
        if made:
            made[-1] = replace(made[-1], ended_at=recorded, end_reason="replaced")
        start = recorded + begins * DAY
        made.append(
            consent(edition=number, recorded_at=recorded, valid_from=start, valid_to=start + lasts * DAY)
        )  # fmt: skip
    return made


def known_at(permissions: Iterable[Permission], moment: datetime) -> tuple[Permission, ...]:
    """What the archive could know at that moment: no edition and no end that was recorded later."""
    return tuple(
        replace(each, ended_at=None, end_reason="") if each.ended_at and each.ended_at > moment else each
        for each in permissions
        if each.recorded_at <= moment
    )


@pytest.mark.requirement("R463-10.1.4")
@settings(max_examples=60)
@given(history(), st.lists(st.integers(-90, 120), min_size=1, max_size=8))
def test_what_was_in_force_at_any_instant_is_found_again(editions: list[Permission], days: list[int]) -> None:
    for day in days:
        for moment in (AT + day * DAY, AT + day * DAY + timedelta(microseconds=1)):
            then, now = known_at(editions, moment), tuple(editions)
            assert [each.edition for each in in_force(then, moment)] == [e.edition for e in in_force(now, moment)]
            asked = replace(request(), at=moment)
            assert decide(asked, facts(*then), rules=RULES) == decide(asked, facts(*now), rules=RULES)


@given(history(), st.integers(-90, 120))
def test_at_most_one_edition_is_in_force_at_a_time(editions: list[Permission], day: int) -> None:
    assert len(list(in_force(editions, AT + day * DAY))) <= 1


@given(permissions(), st.integers(-2, 2))
def test_what_is_in_force_is_recorded_valid_and_not_ended(permission: Permission, day: int) -> None:
    moment = AT + day * DAY
    if permission.in_force(moment):
        assert permission.recorded_at <= moment
        assert permission.valid_from <= moment
        assert permission.valid_to is None or moment < permission.valid_to
        assert permission.ended_at is None or moment < permission.ended_at


# Ten thousand


def test_an_index_looks_at_few_of_ten_thousand() -> None:
    known = facts(*many_consents(10_000))
    assert known.permissions is not None
    index = PermissionIndex(known.permissions)
    asked = request()
    for kind in {each.kind for each in index}:
        candidates = list(index.concerning(kind, asked.subject, principal=asked.principal))
        assert candidates == [index[0]]
    assert decide(asked, replace(known, permissions=index), rules=RULES).permitted
    without = replace(known, permissions=PermissionIndex(index[1:]))
    assert decide(asked, without, rules=RULES).told == ("CONSENT_MISSING",)


@given(st.lists(permissions(), max_size=10))
def test_an_index_is_the_tuple_that_it_was_made_of(some: list[Permission]) -> None:
    index = PermissionIndex(some)
    assert index == tuple(some)
    assert hash(index) == hash(tuple(some))
    assert PermissionIndex(index) == index
