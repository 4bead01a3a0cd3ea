"""The verdict and the protocol (*protokół przekazania*): what was handed over, as the archive signs it.

The protocol is canonical JSON, signed by the archive (`repository/evidence/signing.py`). It names the checkpoint that
covers every holding, so that whoever keeps the protocol keeps the whole takeover in place. `rendering.py` shows it
to people.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from repository.domain.facts import finding_to_json
from repository.domain.statement import Statement
from repository.domain.takeover import Item, State, Takeover
from repository.findings import Finding, Severity
from repository.takeover.inscribing import handover_to_json

FORMAT = "edm-archive protocol 1"
PURPOSE = "protocol"
Json = dict[str, Any]


def verdict(statement: Statement, findings: Sequence[Finding], *, rejection: Finding | None) -> State:
    """Accepted without exception, with, or not at all: when nothing was kept."""
    if rejection is not None or not statement.tally.holdings:
        return State.REJECTED
    tally = statement.tally
    exceptions = tally.altered + tally.unexpected + tally.missing + tally.refused + tally.conflicting
    serious = any(finding.severity is Severity.ERROR for finding in findings)
    if exceptions or serious or not statement.counts_agree:
        return State.ACCEPTED_WITH_EXCEPTIONS
    return State.ACCEPTED


def draw_up(
    takeover: Takeover,
    statement: Statement,
    findings: Sequence[Finding],
    *,
    archive: str,
    state: State,
    issued_at: str,
    checkpoint: str,
) -> Json:
    """The protocol as plain values; `checkpoint` is the signed note that covers the holdings."""
    return {
        "format": FORMAT,
        "archive": archive,
        "issued_at": issued_at,
        "verdict": state.value,
        "takeover": {"id": takeover.id, "opened_at": takeover.opened_at, "closed_at": issued_at},
        "package": {"fingerprint": takeover.fingerprint, "declared": takeover.declared},
        "handover": handover_to_json(takeover.handover),
        "statement": statement_to_json(statement),
        "findings": [finding_to_json(finding) for finding in findings],
        "checkpoint": checkpoint,
    }


def statement_to_json(statement: Statement) -> Json:
    return {
        "tally": asdict(statement.tally),
        "residue": dict(statement.tally.residue),
        "balances": statement.tally.balances,
        "counts": [asdict(check) for check in statement.counts],
        "exceptions": [_exception(item) for item in statement.exceptions],
        "items_sha256": statement.items_sha256,
    }


def item_to_json(item: Item) -> Json:
    """What became of an item, for whoever may see its name."""
    return {
        "ordinal": item.ordinal,
        "path": item.path,
        "size": item.size,
        "declared": item.declared,
        "disposition": item.disposition.value,
        "duplicate_of": item.duplicate_of,
        "conflicts_with": item.conflicts_with,
        "reason": item.reason,
    }


def _exception(item: Item) -> Json:
    named: Json = {"ordinal": item.ordinal, "path": item.path, "disposition": item.disposition.value}
    for name in ("duplicate_of", "conflicts_with", "reason"):
        if value := getattr(item, name):
            named[name] = value
    return named
