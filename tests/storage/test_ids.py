"""Identifiers: UUIDs of version 7, in order of time, never twice."""

import time
import uuid

from storage.ids import new_id, new_ids


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ids_that_are_made_together_are_found_in_their_order() -> None:
    made = new_ids(500)
    assert made == sorted(made, key=str)
    assert len(set(made)) == 500
    assert new_ids(0) == []
