"""What for: the purpose of a reading, which is never optional (R463-10.3), and the legal bases of UPP art. 26."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

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
def legal_bases() -> dict[str, LegalBasis]:
    """All bases that are known, by code (`rules/legal_bases.json`)."""
    content = orjson.loads(files("repository.access").joinpath("rules/legal_bases.json").read_bytes())
    return {each["code"]: _basis(each) for each in content["bases"]}


def _basis(value: dict[str, object]) -> LegalBasis:
    organisations = value["organisations"]
    if not isinstance(organisations, list):
        raise TypeError("organisations")
    return LegalBasis(
        code=str(value["code"]),
        source=str(value["source"]),
        en=str(value["en"]),
        pl=str(value["pl"]),
        organisations=frozenset(map(str, organisations)),
        consent=bool(value["consent"]),
        since=date.fromisoformat(str(value["since"])),
        until=date.fromisoformat(str(value["until"])) if value["until"] else None,
    )
