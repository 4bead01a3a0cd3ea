"""What has been recorded holds from the next request on, also where the machine that wrote it has a clock that is ahead
of the clock of whoever decides.

An objection, a change of custody, or an end that a deed has set, is known as soon as it can be read. Its instant may
still be to come by the clock of the request: then it is handed on as of a moment that has come. Only what takes a right
away is moved so, and the successor's custody, which begins when the predecessor's ends; all lists for auditors have
the instants as they were recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from repository.access.bodies import custody_of, read_moment, relation_of
from repository.access.facts import Custody, Relation
from repository.access.permission import Permission, PermissionKind
from repository.catalogue.desk import Clock
from repository.catalogue.text import unpacked
from repository.clock import instant

_AGO = timedelta(hours=1)  # a request was made not longer ago than this when its facts are gathered


@dataclass(frozen=True, slots=True)
class Standing:
    """Instants after `latest` (UTC) are taken for `counted`, which is not after the moment of the request."""

    latest: datetime
    counted: datetime

    def settled(self, stamp: str) -> str:
        """An instant as columns have it; empty where there is none."""
        return instant(self.counted) if self.is_to_come(stamp) else stamp

    def is_to_come(self, stamp: str) -> bool:
        return stamp != "" and read_moment(stamp) > self.latest

    def custody(self, row: Any) -> Custody:
        """With its beginning and its end, which is the successor's beginning, not after the request."""
        since, until = self.settled(row.since), self.settled(row.until)
        return custody_of(unpacked(row.body) | {"since": since, "until": until or None})

    def relation(self, row: Any) -> Relation:
        """One that was ended has ended. It is not left out: what somebody was at a death may give a right."""
        body = unpacked(row.body)
        until = self.settled(row.until) if _ended(row.until, body) else row.until
        return relation_of(body | {"until": until or None})

    def leave(self, row: Any) -> dict[str, Any] | None:
        """The body of an authorisation or approval; None for one that was ended at an instant that is to come."""
        body: dict[str, Any] = unpacked(row.body)
        if _ended(row.until, body) and self.is_to_come(row.until):
            return None
        return body | {"until": row.until}

    def permission(self, known: Permission) -> Permission:
        """An objection that is to begin only later than it was recorded does so; any other one has begun."""
        if known.kind is not PermissionKind.OBJECTION or known.recorded_at <= self.latest:
            return known
        begun = self.counted if known.valid_from <= known.recorded_at else known.valid_from
        return replace(known, recorded_at=self.counted, valid_from=min(known.valid_from, begun))


def standing_at(at: datetime | None, *, now: Clock) -> Standing:
    """For a request made at `at`; where that is not said, for one made lately by the clock `now`."""
    if at is not None:
        return Standing(at, at)
    latest = now()
    return Standing(latest, latest - _AGO)


def _ended(until: str, body: Mapping[str, Any]) -> bool:
    """Whether a deed has set the end, and not what was said in the beginning."""
    return until != (body["until"] or "")
