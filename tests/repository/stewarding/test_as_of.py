"""What the archive knew of a permission at an instant: one edition of each, with the end that it had by then."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.permission import Permission
from repository.stewarding.permissions import as_of
from tests.builders.access import AT, HOUR, consent


def told(story: set[int], *, name: str = "one", ends: bool = False) -> list[Permission]:
    """Editions recorded after so many hours each; the last one may be withdrawn an hour after it was recorded."""
    moments = [AT + hours * HOUR for hours in sorted(story)]
    made = []
    for place, moment in enumerate(moments):
        last = place + 1 == len(moments)
        until = None if last else moments[place + 1]
        until = moment + HOUR if last and ends else until
        reason = "" if until is None else "withdrawn" if last else "replaced"
        made.append(
            consent(id=name, edition=place + 1, recorded_at=moment, valid_from=AT, ended_at=until, end_reason=reason)
        )
    return made


stories = st.sets(st.integers(0, 20), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(story=stories, ends=st.booleans(), hours=st.integers(-1, 25), order=st.randoms())
def test_what_was_in_force_then_is_in_force_in_what_was_known_then(
    story: set[int], *, ends: bool, hours: int, order: Random
) -> None:
    every, at = told(story, ends=ends), AT + hours * HOUR + timedelta(minutes=1)
    order.shuffle(every)
    found = as_of(every, at)
    assert len(found) == (1 if any(each.recorded_at <= at for each in every) else 0)
    for each in found:
        assert each.edition == max(other.edition for other in every if other.recorded_at <= at)
        assert each.ended_at is None or each.ended_at <= at
        assert (each.ended_at is None) is (each.end_reason == "")
    assert [each.edition for each in found if each.in_force(at)] == [e.edition for e in every if e.in_force(at)]


def test_an_end_that_came_later_was_not_known() -> None:
    (only,) = told({0}, ends=True)
    (then,) = as_of([only], AT)
    assert then == replace(only, ended_at=None, end_reason="")
    assert as_of([only], AT + HOUR) == [only]


def test_each_permission_is_told_by_itself() -> None:
    at: datetime = AT + 3 * HOUR
    found = as_of([*told({0, 2}), *told({1}, name="other"), *told({9}, name="late")], at)
    assert {(each.id, each.edition) for each in found} == {("one", 2), ("other", 1)}
