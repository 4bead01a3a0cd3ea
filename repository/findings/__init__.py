"""Findings: what was noticed about an item or a package, as data with a stable code and both languages.

The texts stand in `codes/*.json`, one file for each subject: code → severity, en, pl. A finding names its subject
by its place in the package; its parameters never hold a name, an identifier of a patient or other personal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources

import orjson


class Severity(StrEnum):
    NOTE = "note"  # worth knowing; the item is whole and understood
    WARNING = "warning"  # kept whole; something in it is not as the rules want it
    ERROR = "error"  # kept or named; a person has to look


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means: texts with `{parameter}` places."""

    code: str
    severity: Severity
    en: str
    pl: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation. `subject` is a path in the package, or empty for the package as a whole."""

    code: str
    subject: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        return rules()[self.code].severity

    @property
    def en(self) -> str:
        return rules()[self.code].en.format_map(self.params)

    @property
    def pl(self) -> str:
        return rules()[self.code].pl.format_map(self.params)


@cache
def rules() -> Mapping[str, Rule]:
    """Every code that the archive can report, from the data files beside this module."""
    found: dict[str, Rule] = {}
    for file in (resources.files(__package__) / "codes").iterdir():
        if file.name.endswith(".json"):
            for code, rule in orjson.loads(file.read_bytes()).items():
                if code in found:
                    raise RuntimeError(f"internal: finding code {code} is defined twice")
                found[code] = Rule(code=code, severity=Severity(rule["severity"]), en=rule["en"], pl=rule["pl"])
    return found
