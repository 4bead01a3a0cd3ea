"""What a decision costs in process, with ten thousand permissions of the patient's organisation known.

Processor time, since a decision waits for nothing: on a machine with other work the wall shows that work. A broad table
is looked through for the dearest decisions (`tests/builders/access_table.py`), and those are measured properly: whoever
is curious about protected patients asks the dearest questions, and not the usual ones.
"""

import heapq
import statistics
import time
import timeit
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import Row
from repository.access.decision import decide
from repository.access.facts import Facts
from repository.access.permission_index import PermissionIndex
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from tests.builders.access import AT, BOGDAN, facts, many_consents, objection, request, subject
from tests.builders.access_table import PARTS, Line, of_one_patient, table

MANY = 10_000
AIM = 100  # µs
ROUNDS, IN_ONE = 15, 400
AT_A_GLANCE, CLOSER = 20, 8  # runs of each line of the table, and the lines of each group that are measured properly
BEYOND = 100  # permissions of one patient to one organisation


def deciding(_: Path) -> list[Row]:
    """A few by name; the dearest of the whole table, for each purpose and each thing that can stand against a request;
    more permissions of one patient than the aim speaks of; building the index."""
    permissions = many_consents(MANY)
    building = _median(lambda: PermissionIndex(permissions), times=1)
    return [
        *_by_name(),
        *_dearest(tuple(table(MANY))),
        Row(
            f"a decision, {BEYOND} consents of the patient to one body, each to a part",
            f"{_cost(*of_one_patient(BEYOND)):.0f} µs", "–", "beyond the aim: each is looked at", "–",
        ),
        Row(f"an index of {MANY:,} permissions", f"{building / 1000:.1f} ms", "–", "once for each change", "–"),
    ]  # fmt: skip


def _by_name() -> list[Row]:
    permissions = many_consents(MANY)
    plain = facts(*permissions)
    indexed = replace(plain, permissions=PermissionIndex(permissions))
    stranger = request(subject=subject(patient_identifiers=(BOGDAN,)))
    objected = replace(plain, permissions=PermissionIndex((*permissions, objection())))
    cases = {
        "permitted by a consent": (request(), indexed),
        "refused, no consent": (stranger, indexed),
        "refused, objection": (request(), objected),
        "protected, refused": (request(), replace(indexed, protected=True)),
    }
    return [
        _row(f"{MANY:,} permissions: {name}", _cost(*case), beside=_cost(case[0], plain, times=10))
        for name, case in cases.items()
    ]


def _dearest(lines: Sequence[Line]) -> list[Row]:
    """The dearest lines of the table for each purpose and each thing against it, and how all of them lie."""
    glance = {each: _cost(each.asked, each.known, times=AT_A_GLANCE, rounds=3) for each in lines}
    groups: dict[str, list[Line]] = {}
    for each in lines:
        groups.setdefault(f"for {each.asked.purpose}", []).append(each)
        groups.setdefault(each.against, []).append(each)
    closer = {name: heapq.nlargest(CLOSER, group, key=lambda each: glance[each]) for name, group in groups.items()}
    costs = {each: _cost(each.asked, each.known) for group in closer.values() for each in group}
    worst = {name: max(group, key=lambda each: costs[each]) for name, group in closer.items()}
    found = [
        _row(f"dearest {name} ({each.right}, {each.entitled}, {each.limits})", costs[each])
        for name, each in worst.items()
    ]
    dearest = max(costs, key=lambda each: costs[each])
    middle = statistics.median(glance.values())
    over = sum(cost >= AIM for cost in costs.values())
    what = f"dearest of {len(lines)} ({dearest}; parts: {PARTS} of each kind)"
    return [*found, _row(f"{what}; the middle one {middle:.0f} µs, over the aim {over}", costs[dearest])]


def _row(what: str, mine: float, *, beside: float | None = None) -> Row:
    other = f"{beside:.0f} µs without the index" if beside else "–"
    return Row(f"a decision, {what}", f"{mine:.0f} µs", other, f"{mine / AIM:.2f} of the aim", f"< {AIM} µs")


def _cost(asked: AccessRequest, known: Facts, *, times: int = IN_ONE, rounds: int = ROUNDS) -> float:
    rules = rules_at(AT.date())
    return _median(lambda: decide(asked, known, rules=rules), times=times, rounds=rounds)


def _median(work: Callable[[], object], *, times: int, rounds: int = ROUNDS) -> float:
    """Microseconds of one run: the median of rounds of many."""
    return statistics.median(timeit.repeat(work, number=times, repeat=rounds, timer=time.process_time)) / times * 1e6
