"""Measures of this process and of the archive, as Prometheus reads them. They hold no path, no id, no name.

What requests do is counted as they end, by route; what the archive is like is asked when somebody reads. Each process
counts its own requests: with several behind one address, each has to be read for itself. Processes of other doors on
this machine tell theirs by files (`repository.measuring`): they are shown as they were last told, by process.
"""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from repository.catalogue.jobs import JobState
from repository.catalogue.runs import RunState
from repository.measuring import Family, Snapshot, is_fresh, snapshots
from repository.runtime import Archive

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measures:
    """One for each application."""

    def __init__(self, archive: Archive) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "edm_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "edm_http_request_seconds", "From the first byte of a request to the last of its answer.", ["route"],
            registry=self._registry, buckets=_BUCKETS,
        )  # fmt: skip
        self._sent = Counter("edm_http_sent_bytes", "Bytes of answers.", ["route"], registry=self._registry)
        self._registry.register(_OfTheArchive(archive))
        self._registry.register(_OfOtherDoors(archive))

    def answered(self, method: str, route: str, status: int, *, octets: int, seconds: float) -> None:
        """One request has ended. `route`: as it is declared, never the address that was asked for."""
        shown = method if method in _METHODS else "OTHER"
        self._requests.labels(shown, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._sent.labels(route).inc(octets)

    def text(self) -> bytes:
        """Everything, in the text format. Raises what the catalogue raises."""
        return generate_latest(self._registry)


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
