"""Deeds of nobody, of every kind that has bodies here: valid, synthetic, in an order that the journal takes."""

from collections.abc import Callable, Mapping
from typing import Any

from repository.canonical import canonical
from repository.domain.deed import Deed
from repository.domain.identifiers import PESEL_OID
from repository.evidence.record import deed_record, entry

ARCHIVE = "0193f3c0111172228333012345678901"
AT = "2026-11-21T10:00:00.000000Z"
PERSON = {"root": PESEL_OID, "extension": "90010112349"}
OTHER = {"root": PESEL_OID, "extension": "85050554321"}
OURS = {"root": "2.16.840.1.113883.3.4424.2.3.1", "extension": "000000900100"}
SURNAME = "Żółkiewska"  # personal data, to be looked for where none may be

Body = dict[str, Any]
Told = tuple[str, Body, str]  # kind, body, outcome


def account(**changes: Any) -> Body:
    made = {
        "door": "cli", "kind": "medical-worker", "id": "worker-1", "surname": SURNAME, "organisation_id": OURS,
        "purpose": "treatment", "operation": "open", "takeover": "t-1", "patient": 1, "ordinal": 2, "study": "1.2.3",
        "document": None, "outcome": "permitted", "reasons": [], "duties": ["review"],
    }  # fmt: skip
    return made | changes


def permission(name: str = "p-1", *, edition: int = 1, **changes: Any) -> Body:
    made = {
        "id": name, "edition": edition, "kind": "consent", "takeover": "t-1", "patient": PERSON,
        "grantee": {"kind": "organisation", "identifier": OURS, "name": "NZOZ"}, "recorded_at": AT,
    }  # fmt: skip
    return made | changes


def some_of_each() -> list[Told]:
    """One deed after another, so that each table that follows from the journal has a row; `review` needs the first."""
    done = "done"
    return [
        ("account", account(patients=[["t-1", 1], ["t-2", 7]]), "permitted"),
        ("permission", permission(), done),
        ("permission", permission(edition=2, recorded_at="2026-11-21T11:00:00.000000Z"), done),
        ("permission", permission("p-2", patient=OTHER), done),
        ("permission-end", {"id": "p-2", "edition": 1, "reason": "withdrawn"}, done),
        ("protection", {"id": "pr-1", "patient": PERSON, "takeover": ""}, done),
        ("protection", {"id": "pr-2", "patient": None, "takeover": "t-1"}, done),
        ("protection-end", {"id": "pr-2"}, done),
        (
            "relation",
            {"id": "r-1", "kind": "family", "person": OTHER, "patient": PERSON, "since": AT, "until": None},
            done,
        ),
        ("after-death", {"patient": PERSON, "died_on": "2026-01-01", "objected": False}, done),
        ("after-death", {"patient": PERSON, "died_on": "2026-01-01", "objected": True}, done),
        ("custody", {"takeover": "t-1", "custodian": OURS, "since": AT}, done),
        ("custody", {"takeover": "t-1", "custodian": OURS, "since": "2026-11-21T12:00:00.000000Z"}, done),
        (
            "authorisation",
            {"id": "a-1", "person": "admin", "takeover": "t-1", "given_by": "x", "since": AT, "until": "2027"},
            done,
        ),
        ("leave-end", {"id": "a-1"}, done),
        ("review", {"account": 1}, done),
        ("first-copy", {"patient": PERSON, "scope": "whole"}, done),
        ("person", {"what": "invited", "id": "somebody", "by": "admin"}, done),
    ]


def maker(kind: str, body: Mapping[str, Any], outcome: str = "done", *, at: str = AT) -> Callable[[int], Deed]:
    """What `Journal.write` takes: the deed, once its number is known."""

    def make(number: int) -> Deed:
        record = deed_record(
            archive=ARCHIVE, number=number, event=kind, outcome=outcome, at=at, facts=canonical(dict(body))
        )
        return Deed(number, kind, at, outcome, body, record, entry(record))

    return make
