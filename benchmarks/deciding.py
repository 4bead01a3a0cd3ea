"""What a decision costs in process, with ten thousand permissions of the patient's organisation known.

Processor time, since a decision waits for nothing: on a machine with other work the wall shows that work.
"""

import statistics
import time
import timeit
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import Row
from repository.access.decision import decide
from repository.access.facts import Facts
from repository.access.permission_index import PermissionIndex
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from tests.builders.access import AT, BOGDAN, facts, many_consents, objection, request, subject
from tests.builders.access_cases import ENTITLED

MANY = 10_000
AIM = 100  # µs
ROUNDS, IN_ONE = 15, 400


def deciding(_: Path) -> list[Row]:
    """Permitted by one consent of 10,000; refused for want of one; the dearest of all rights; building the index."""
    permissions = many_consents(MANY)
    plain = facts(*permissions)
    indexed = replace(plain, permissions=PermissionIndex(permissions))
    stranger = request(subject=subject(patient_identifiers=(BOGDAN,)))
    objected = replace(plain, permissions=PermissionIndex((*permissions, objection())))
    dearest = max(ENTITLED, key=lambda rule: _cost(*ENTITLED[rule], times=100))
    building = _median(lambda: PermissionIndex(permissions), times=1)
    return [
        _row("permitted by a consent", request(), indexed, beside=plain),
        _row("refused, no consent", stranger, indexed, beside=plain),
        _row("refused, objection", request(), objected, beside=plain),
        _row("protected, refused", request(), replace(indexed, protected=True), beside=plain),
        _row(f"the dearest right ({dearest})", *ENTITLED[dearest], beside=None),
        Row(f"an index of {MANY:,} permissions", f"{building / 1000:.1f} ms", "–", "once for each change", "–"),
    ]


def _row(what: str, asked: AccessRequest, known: Facts, *, beside: Facts | None) -> Row:
    mine = _cost(asked, known)
    other = f"{_cost(asked, beside, times=10):.0f} µs without the index" if beside else "–"
    held = f"{MANY:,} permissions: " if beside else ""
    return Row(f"a decision, {held}{what}", f"{mine:.0f} µs", other, f"{mine / AIM:.2f} of the aim", f"< {AIM} µs")


def _cost(asked: AccessRequest, known: Facts, *, times: int = IN_ONE) -> float:
    rules = rules_at(AT.date())
    return _median(lambda: decide(asked, known, rules=rules), times=times)


def _median(work: Callable[[], object], *, times: int) -> float:
    """Microseconds of one run: the median of rounds of many."""
    return statistics.median(timeit.repeat(work, number=times, repeat=ROUNDS, timer=time.process_time)) / times * 1e6
