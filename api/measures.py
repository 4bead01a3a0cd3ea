"""Measures of this machine's door and of the archive, as Prometheus reads them. They hold no path, no id, no name.

What requests do is counted as they end, by route; what the archive is like is asked when somebody reads. Where several
processes answer at one address, each of them gives the sums of all (`repository.adding_up`): Prometheus reads whichever
answers, as one target, and has one series however many there are. Processes of other doors on this machine tell theirs
by files (`repository.measuring`): they are shown as they were last told, by process.

Counting touches memory alone; no answer but that of `/v1/metrics` waits for a disk.
"""

import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from repository.adding_up import Adding, Sums, adding
from repository.catalogue.jobs import JobState
from repository.catalogue.runs import RunState
from repository.measuring import EVERY, SUM, Counters, Family, Snapshot, is_fresh, snapshots
from repository.runtime import Archive

TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUESTS, SECONDS, SENT = "edm_http_requests", "edm_http_request_seconds", "edm_http_sent_bytes"
RUNNING, PROCESSES = "edm_http_requests_running", "edm_http_processes"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_BOUNDS = (*(str(each) for each in _BUCKETS), "+Inf")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measures:
    """One for each application."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._counters = archive, Counters()
        self._turn, self._running = Lock(), 0
        self._adding: Adding | None = None
        self._registry = CollectorRegistry()
        self._registry.register(_OfTheDoor(self))
        self._registry.register(_OfTheArchive(archive))
        self._registry.register(_OfOtherDoors(archive))

    def began(self) -> None:
        """A request has come; `answered` follows."""
        with self._turn:
            self._running += 1

    def answered(self, method: str, route: str, status: int, *, octets: int, seconds: float) -> None:
        """One request has ended. `route`: as it is declared, never the address that was asked for."""
        with self._turn:
            self._running -= 1
        shown = method if method in _METHODS else "OTHER"
        self._counters.add_all([
            ((REQUESTS, (shown, route, str(status))), 1),
            ((SECONDS, (route, _BOUNDS[bisect_left(_BUCKETS, seconds)])), 1),
            ((SECONDS, (route, SUM)), seconds),
            ((SENT, (route,)), octets),
        ])  # fmt: skip

    @contextmanager
    def shared(self, *, every: float = EVERY) -> Iterator[None]:
        """Meanwhile `text` has the sums of all processes of this machine's door, and they have what is counted here,
        on top of what was counted before."""
        home, clock = self._archive.settings.home, self._archive.clock
        with adding(home, "http", self._counters, families=self.families, clock=clock, every=every) as adder:
            self._adding = adder
            try:
                yield
            finally:
                self._adding = None

    def families(self) -> list[Family]:
        """What this process has counted, and what it is at."""
        family = self._counters.family
        return [
            family(REQUESTS, "Requests answered.", ["method", "route", "status"]),
            family(SECONDS, "From the first byte of a request to the last of its answer.", ["route", "le"],
                   kind="histogram"),
            family(SENT, "Bytes of answers.", ["route"]),
            Family(RUNNING, "gauge", "Requests that are being answered.", (), [((), self._running)]),
        ]  # fmt: skip

    def sums(self) -> Sums:
        """Of all processes, while they are shared; else of this one."""
        adder = self._adding
        return adder.sums() if adder else Sums(self.families(), 1)

    def text(self) -> bytes:
        """Everything, in the text format. Raises what the catalogue raises."""
        return generate_latest(self._registry)


class _OfTheDoor(Collector):
    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        found = self._measures.sums()
        for each in found.families:
            yield _histogram(each) if each.kind == "histogram" else _of_one_kind(each)
        yield GaugeMetricFamily(PROCESSES, "Processes that answer.", value=found.processes)


class _OfTheArchive(Collector):
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def describe(self) -> list[Metric]:
        return []  # nothing is asked of the archive when this is registered

    def collect(self) -> Iterator[Metric]:
        catalogue = self._archive.catalogue
        there = catalogue.jobs.open_count()
        jobs = GaugeMetricFamily("edm_jobs", "Jobs that are not at their end.", labels=["state"])
        for state in (JobState.WAITING, JobState.LEASED):
            jobs.add_metric([state.value], there.get(state, 0))
        yield jobs
        size, signed = catalogue.log_size(), catalogue.feeding.signed()
        yield GaugeMetricFamily("edm_log_entries", "Entries of the evidence log.", value=size)
        yield GaugeMetricFamily("edm_log_unsigned_entries", "Not under a checkpoint yet.", value=size - signed)
        if (noted := catalogue.feeding.noted_at()) is not None:
            age = max(0.0, (self._archive.clock() - noted).total_seconds())
            yield GaugeMetricFamily("edm_checkpoint_age_seconds", "Since the newest checkpoint.", value=age)
        yield from self._of_runs()

    def _of_runs(self) -> Iterator[Metric]:
        ended = [each for each in self._archive.catalogue.runs(limit=50) if each.state is not RunState.RUNNING]
        if not ended:
            return
        last = ended[0]
        found = self._archive.catalogue.finding_count(last.id)
        yield GaugeMetricFamily("edm_verification_findings", "Findings of the last ended verification.", value=found)
        unchecked = last.counts.get("unchecked", 0)
        yield GaugeMetricFamily("edm_verification_unchecked", "What it could not check.", value=unchecked)


class _OfOtherDoors(Collector):
    """Each process has a series of its own: when it is started again, its counters begin anew and no other's do."""

    def __init__(self, archive: Archive) -> None:
        self._home = archive.settings.home

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        now, found = time.time(), snapshots(self._home)
        age = GaugeMetricFamily("edm_snapshot_age_seconds", "Since a process told its measures.", labels=["process"])
        shown: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for each in found:
            age.add_metric([each.name], max(0.0, now - each.at))
            if is_fresh(each, now=now):  # of one that is gone nothing is open any more
                _add(shown, each)
        yield from shown.values()
        if found:
            yield age


def _add(shown: dict[str, CounterMetricFamily | GaugeMetricFamily], snapshot: Snapshot) -> None:
    for family in snapshot.families:
        if family.name not in shown:
            shown[family.name] = _metric(family)
        for labels, value in family.samples:
            shown[family.name].add_metric([*labels, snapshot.name], value)


def _metric(family: Family) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    return kind(family.name, family.what, labels=[*family.labels, "process"])


def _of_one_kind(family: Family) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    shown = kind(family.name, family.what, labels=family.labels)
    for labels, value in family.samples:
        shown.add_metric(labels, value)
    return shown


def _histogram(family: Family) -> HistogramMetricFamily:
    shown = HistogramMetricFamily(family.name, family.what, labels=family.labels[:-1])
    counts: dict[tuple[str, ...], list[float]] = {}
    sums: dict[tuple[str, ...], float] = {}
    for (*labels, bound), value in family.samples:
        if bound == SUM:
            sums[tuple(labels)] = value
            continue
        with suppress(ValueError):  # a bound that another version had counts at the next one that there is
            counts.setdefault(tuple(labels), [0.0] * len(_BOUNDS))[bisect_left(_BUCKETS, float(bound))] += value
    for route, found in counts.items():
        shown.add_metric(route, list(zip(_BOUNDS, accumulate(found), strict=True)), sums.get(route, 0.0))
    return shown
