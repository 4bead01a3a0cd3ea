"""The sealed description at the end of each pack: with it, the store and the root key are enough (DESIGN § 2.5).

A description is canonical JSON. Four kinds:

* `opening` – the takeover as it was opened: package, producer, legal route, findings about the package;
* `items`   – holdings of one patient (or of none): their records, their facts, how they were declared, the patient;
* `events`  – custody events that happened outside of the journey in;
* `closing` – the items that are not kept, the state reached, the signed protocol.

Each carries the custody events that were recorded in the same transaction. `rebuild` reads all of them back; what is
written here and what is read there is one pair of functions for each kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from repository.canonical import NotCanonical, canonical, parse
from repository.domain.describing import Description
from repository.domain.facts import (
    description_of_json,
    description_to_json,
    finding_of_json,
    finding_to_json,
    patient_of_json,
    patient_to_json,
)
from repository.domain.holding import CustodyEvent, Holding, Location, PatientRecord
from repository.domain.takeover import Disposition, Handover, Item, Producer, Route, State, Takeover
from repository.evidence.record import HoldingRecord, entry, parsed
from repository.findings import Finding
from repository.takeover.errors import DescriptionDamaged

Json = dict[str, Any]
VERSION = 1
KINDS = frozenset({"opening", "items", "events", "closing"})
NO_SHA1S: Mapping[int, bytes] = MappingProxyType({})


def said_by(description: Description) -> bytes:
    """What an item says of itself, in canonical form: the dearest part of its facts, and known before all others."""
    return canonical(description_to_json(description))


def facts_of(holding_path: str, disposition: Disposition, *, conflicts_with: int, says: bytes) -> bytes:
    """The facts of one item in canonical form: what its record's `facts_sha256` commits to. `says`: of `said_by`."""
    conflict = b'"conflicts_with":%d,' % conflicts_with if conflicts_with else b""
    place = canonical(holding_path)
    return b'{%b"disposition":"%b","path":%b,"says":%b}' % (conflict, disposition.value.encode(), place, says)


def inscribe_items(
    takeover: str,
    patient: PatientRecord | None,
    members: Sequence[tuple[Item, bytes, bytes]],
    *,
    sha1s: Mapping[int, bytes] = NO_SHA1S,
) -> bytes:
    """The description of a pack of items; `members` are (item, facts, record), the last two canonical already.
    `sha1s`: by ordinal, of those that have one."""
    listed = b",".join(
        b'{"facts":%b,"item":%b,"record":%b}' % (facts, _declared(item, sha1=sha1s.get(item.ordinal, b"")), record)
        for item, facts, record in members
    )
    who = _told_of(patient)
    head = canonical(takeover)
    return b'{"holdings":[%b],"kind":"items","patient":%b,"takeover":%b,"v":1}' % (listed, who, head)


def inscribe_opening(takeover: Takeover, *, findings: Sequence[Finding], events: Sequence[CustodyEvent]) -> bytes:
    return canonical(
        {
            "v": VERSION,
            "kind": "opening",
            "takeover": takeover.id,
            "package": takeover.package,
            "fingerprint": takeover.fingerprint,
            "declared": takeover.declared,
            "opened_at": takeover.opened_at,
            "handover": handover_to_json(takeover.handover),
            "findings": [finding_to_json(finding) for finding in findings],
            "events": [event_to_json(event) for event in events],
        }
    )


def inscribe_closing(
    takeover: str,
    *,
    state: State,
    closed_at: str,
    items: Sequence[Item],
    findings: Sequence[Finding],
    events: Sequence[CustodyEvent],
    protocol: bytes,
) -> bytes:
    return canonical(
        {
            "v": VERSION,
            "kind": "closing",
            "takeover": takeover,
            "state": state.value,
            "closed_at": closed_at,
            "items": [_item_to_json(item) for item in items],
            "findings": [finding_to_json(finding) for finding in findings],
            "events": [event_to_json(event) for event in events],
            "protocol": protocol.decode(),
        }
    )


def inscribe_events(takeover: str, events: Sequence[CustodyEvent]) -> bytes:
    return canonical(
        {"v": VERSION, "kind": "events", "takeover": takeover, "events": [event_to_json(event) for event in events]}
    )


def read_description(raw: bytes, *, name: str) -> Json:
    """The description as plain values. Raises `DescriptionDamaged` for anything that this version did not write."""
    try:
        value = parse(raw)
    except NotCanonical as error:
        raise DescriptionDamaged(key=name) from error
    if type(value) is not dict or type(version := value.get("v")) is not int or version != VERSION:
        raise DescriptionDamaged(key=name)
    if (
        not isinstance(kind := value.get("kind"), str)
        or kind not in KINDS
        or not isinstance(value.get("takeover"), str)
    ):
        raise DescriptionDamaged(key=name)
    return value


def holdings_of(value: Json, *, patient: int) -> tuple[Holding, ...]:
    """The holdings that an `items` description tells of."""
    return tuple(_holding(member, patient) for member in value["holdings"])


def patient_of(value: Json) -> PatientRecord | None:
    who = value["patient"]
    return PatientRecord(who["number"], patient_of_json(who["facts"])) if who else None


def events_of(value: Json) -> tuple[CustodyEvent, ...]:
    return tuple(event_of_json(event) for event in value.get("events", ()))


def items_of(value: Json) -> tuple[Item, ...]:
    """The items of a description: those that are kept (`items`), or all the others (`closing`)."""
    if value["kind"] == "closing":
        return tuple(_item_of_json(item) for item in value["items"])
    return tuple(_kept_item(member) for member in value["holdings"])


def findings_of(value: Json) -> tuple[Finding, ...]:
    return tuple(finding_of_json(finding) for finding in value["findings"])


def handover_to_json(handover: Handover) -> Json:
    return {
        "producer": asdict(handover.producer),
        "successor": asdict(handover.successor) if handover.successor else None,
        "cessation_date": handover.cessation_date,
        "legal_basis": handover.legal_basis,
        "route": handover.route.value if handover.route else None,
        "declared_counts": dict(handover.declared_counts),
    }


def handover_of_json(value: Json) -> Handover:
    return Handover(
        producer=Producer(**value["producer"]),
        successor=Producer(**value["successor"]) if value["successor"] else None,
        cessation_date=value["cessation_date"],
        legal_basis=value["legal_basis"],
        route=Route(value["route"]) if value["route"] else None,
        declared_counts=value["declared_counts"],
    )


def event_to_json(event: CustodyEvent) -> Json:
    return {
        "kind": event.kind,
        "at": event.at,
        "outcome": event.outcome,
        "detail": event.detail,
        "ordinal": event.ordinal,
        "record": event.record.decode(),
    }


def event_of_json(value: Json) -> CustodyEvent:
    record = value["record"].encode()
    return CustodyEvent(**{**value, "record": record, "entry": entry(record)})


@lru_cache(maxsize=64)
def _told_of(patient: PatientRecord | None) -> bytes:
    """The patient in canonical form: of images that are pushed one by one, each pack tells of the same one."""
    return canonical(_patient(patient))


def _patient(patient: PatientRecord | None) -> Json | None:
    return {"number": patient.number, "facts": patient_to_json(patient.facts)} if patient else None


def _holding(member: Json, patient: int) -> Holding:
    facts, record = member["facts"], canonical(member["record"])
    known = parsed(record)
    if not isinstance(known, HoldingRecord):
        raise DescriptionDamaged(key="-")
    return Holding(
        ordinal=known.ordinal,
        path=facts["path"],
        patient=patient,
        size=known.size,
        sha256=known.sha256,
        sealed_sha256=known.sealed_sha256,
        location=Location(known.object_id, known.offset, known.length),
        record=record,
        entry=entry(record),
        received_at=known.at,
        description=description_of_json(facts["says"]),
        disposition=Disposition(facts["disposition"]),
        conflicts_with=facts.get("conflicts_with", 0),
        sha1=bytes.fromhex(member["item"].get("sha1", "")),
    )


def facts_of_holding(holding: Holding) -> bytes:
    """The facts as they were hashed into the record, made again from a holding of the catalogue."""
    return facts_of(
        holding.path,
        holding.disposition,
        conflicts_with=holding.conflicts_with,
        says=said_by(holding.description),
    )


def _declared(item: Item, *, sha1: bytes) -> bytes:
    """`_declaration` in canonical form."""
    if item.declared or sha1:
        return canonical(_declaration(item, sha1=sha1))
    return b'{"size":%d}' % item.size  # of an image that was pushed there is no more to say


def _declaration(item: Item, *, sha1: bytes) -> Json:
    """How an item was listed and declared; what became of it stands in its facts.

    The SHA-1 of a document stands here, and not in its facts: readers of earlier versions pass over what they do not
    know of an item, and make the facts anew to hold them against the record. Nothing has to commit to it: SHA-256 in
    the record commits to the bytes that it is made of."""
    value: Json = {"size": item.size} | ({"sha1": sha1.hex()} if sha1 else {})
    if item.declared:
        value |= {"declared_size": item.declared_size, "declared_digests": dict(item.declared_digests)}
    return value


def _kept_item(member: Json) -> Item:
    facts, listed = member["facts"], member["item"]
    return Item(
        ordinal=member["record"]["ordinal"],
        path=facts["path"],
        size=listed["size"],
        declared="declared_digests" in listed,
        declared_size=listed.get("declared_size", -1),
        declared_digests=listed.get("declared_digests", {}),
        disposition=Disposition(facts["disposition"]),
        conflicts_with=facts.get("conflicts_with", 0),
    )


def _item_to_json(item: Item) -> Json:
    return {**asdict(item), "disposition": item.disposition.value, "declared_digests": dict(item.declared_digests)}


def _item_of_json(value: Json) -> Item:
    return Item(**{**value, "disposition": Disposition(value["disposition"])})
