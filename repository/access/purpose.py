"""What for: the purpose of a reading, which is never optional (R463-10.3), and the legal bases of UPP art. 26."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import orjson


class Purpose(StrEnum):
    TREATMENT = "treatment"
    CONTINUITY = "continuity"
    EMERGENCY = "emergency"  # break-glass: SIOZ art. 35(1)(4)
    PATIENT_REQUEST = "patient-request"
    CUSTODY = "custody"  # the successor's custody (UPP art. 30a)
    STATUTORY = "statutory"  # with a legal basis of UPP art. 26
    PAYER = "payer"  # SIOZ art. 35(4)
    AUDIT = "audit"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """`organisations`: the roles of those who may invoke it. `consent`: it holds only with the patient's consent.
    In force from `since` to `until` (both days included; None: open)."""

    code: str
    source: str
    en: str
    pl: str
    organisations: frozenset[str]
    consent: bool
    since: date
    until: date | None

    def in_force(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@cache
def legal_bases() -> Mapping[str, LegalBasis]:
    """All bases that are known, by code (`rules/legal_bases.json`)."""
    return read_bases(files("repository.access").joinpath("rules/legal_bases.json").read_bytes())


def read_bases(content: bytes) -> Mapping[str, LegalBasis]:
    """The bases that this JSON holds, by code. ValueError for what is not understood to the last word."""
    try:
        found = [_basis(each) for each in orjson.loads(content)["bases"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not legal bases: {error}") from None
    if len({each.code for each in found}) != len(found):
        raise ValueError("two legal bases have one code")
    return {each.code: each for each in found}


def _basis(value: dict[str, Any]) -> LegalBasis:
    if set(value) != set(LegalBasis.__slots__):
        raise ValueError("a legal basis says its fields, and no others")
    organisations, consent = value["organisations"], value["consent"]
    if not isinstance(organisations, list) or not organisations or not isinstance(consent, bool):
        raise ValueError("a legal basis names those who may invoke it, and whether with consent")
    return LegalBasis(
        code=str(value["code"]),
        source=str(value["source"]),
        en=str(value["en"]),
        pl=str(value["pl"]),
        organisations=frozenset(map(str, organisations)),
        consent=consent,
        since=date.fromisoformat(value["since"]),
        until=date.fromisoformat(value["until"]) if value["until"] else None,
    )
