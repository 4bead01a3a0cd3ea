"""What is told of a takeover: who handed over, its state, its balance. No name of a file, unless it was decided."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.native.answering import Words, words
from repository.catalogue.counting import Counts
from repository.domain.holding import CustodyEvent
from repository.domain.statement import Statement
from repository.domain.takeover import Disposition, Item, Route, State, Takeover
from repository.findings import Finding, Severity
from repository.peers.titles import title_of
from repository.takeover.concluding import statement_to_json
from repository.takeover.explaining import STATES, is_of_the_form, told


class Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToldProducer(Told):
    name: str
    rpwdl_book: str
    regon: str
    nip: str


class ToldTakeover(Told):
    """`ae_title`: by which DICOM peers ask for it alone."""

    id: str
    state: State
    state_text: Words
    live: bool
    ae_title: str
    declared: bool
    fingerprint: str
    opened_at: str
    closed_at: str
    producer: ToldProducer
    successor: ToldProducer | None
    route: Route | None
    legal_basis: str
    cessation_date: str


class ToldCounts(Told):
    """`size`: bytes as received; `stored_size`: bytes of stored objects. `items` by what became of them."""

    items: Mapping[Disposition, int]
    holdings: int
    size: int
    stored_size: int
    packs: int
    patients: int
    documents: int
    studies: int
    series: int
    instances: int
    findings: int


class ToldFinding(Told):
    code: str
    severity: Severity
    subject: str
    params: Mapping[str, str | int]
    text: Words


class ToldEvent(Told):
    kind: str
    at: str
    outcome: str
    detail: str


class WholeTakeover(ToldTakeover):
    counts: ToldCounts
    findings: list[ToldFinding]
    events: list[ToldEvent]


class TakeoverPage(Told):
    """`next`: what `after` has to be for the next page; empty on the last one."""

    takeovers: list[ToldTakeover]
    next: str


class ToldCheck(Told):
    name: str
    declared: int
    found: int


class ToldException(Told):
    """`path` is there only where it may be told."""

    ordinal: int
    disposition: Disposition
    path: str = ""
    duplicate_of: int = 0
    conflicts_with: int = 0
    reason: str = ""


class ToldBalance(Told):
    tally: Mapping[str, int]
    residue: Mapping[str, int]
    balances: bool
    counts: list[ToldCheck]
    exceptions: list[ToldException]
    items_sha256: str


class ToldItem(Told):
    ordinal: int
    path: str
    size: int
    declared: bool
    disposition: Disposition
    duplicate_of: int
    conflicts_with: int
    reason: str


class ToldStatement(Told):
    """`items` is there where it was asked for."""

    id: str
    state: State
    statement: ToldBalance
    items: list[ToldItem] = []


def told_takeover(takeover: Takeover) -> dict[str, Any]:
    handover = takeover.handover
    return {
        "id": takeover.id,
        "state": takeover.state.value,
        "state_text": words(STATES[takeover.state.value]),
        "live": takeover.live,
        "ae_title": title_of(takeover),
        "declared": takeover.declared,
        "fingerprint": takeover.fingerprint,
        "opened_at": takeover.opened_at,
        "closed_at": takeover.closed_at,
        "producer": asdict(handover.producer),
        "successor": asdict(handover.successor) if handover.successor else None,
        "route": handover.route.value if handover.route else None,
        "legal_basis": handover.legal_basis,
        "cessation_date": handover.cessation_date,
    }


def told_counts(counts: Counts) -> dict[str, Any]:
    return asdict(counts) | {"items": {name.value: count for name, count in counts.items.items()}}


def told_finding(finding: Finding) -> ToldFinding:
    return ToldFinding(
        code=finding.code,
        severity=finding.severity,
        subject=finding.subject,
        params=dict(finding.params),
        text=words(told(finding)),
    )


def unnamed(finding: Finding) -> Finding:
    """The same without the name of a file that may say whose it is."""
    return finding if is_of_the_form(finding.subject) else replace(finding, subject="")


def told_event(event: CustodyEvent) -> dict[str, str]:
    return {"kind": event.kind, "at": event.at, "outcome": event.outcome, "detail": event.detail}


def told_balance(statement: Statement, *, shows: Callable[[Item], bool]) -> dict[str, Any]:
    """The statement; of exceptions that may not be named the ordinal, the lot and the codes."""
    answer = statement_to_json(statement)
    for item, exception in zip(statement.exceptions, answer["exceptions"], strict=True):
        if not shows(item):
            del exception["path"]
    return answer
