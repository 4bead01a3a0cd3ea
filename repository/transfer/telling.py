"""A binding for people and for programs: who may push into a takeover, since when, until when, and whether still."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from repository.catalogue.depositing import BindingRow
from repository.domain.takeover import State, Takeover
from repository.transfer.opening import OPEN_END, lasts


def binding_body(known: BindingRow, takeover: Takeover, *, at: datetime) -> dict[str, Any]:
    """`identifier` of a system has no root. `until`: as it was given, None until the takeover is closed; `ended_at`:
    by a deed, or None; `in_force`: whether it lets push at the instant `at`. Moments are UTC."""
    peer, given = known.body["peer"], known.body["until"]
    return {
        "id": known.id,
        "kind": peer["kind"],
        "identifier": peer["identifier"],
        "name": peer["name"],
        "since": known.since,
        "until": None if given == OPEN_END else given,
        "ended_at": known.until if known.ended else None,
        "in_force": takeover.state is State.RECEIVING and lasts(known, at),
    }


def still_bound(ended: BindingRow, others: Sequence[BindingRow], *, at: datetime) -> list[str]:
    """The ids of those by which whoever was bound by `ended` may push all the same at the instant `at`. What a peer may
    as its organisation is not among them: that is a binding of another's."""
    return [each.id for each in others if each.id != ended.id and each.grantee == ended.grantee and lasts(each, at)]
