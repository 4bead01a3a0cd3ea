"""Ids of resources (FHIR R4 2.24.0.1): a takeover and a number in it, so that they tell nothing of anybody.

Patient            TAKEOVER.PATIENT
DocumentReference  TAKEOVER.ORDINAL; the Binary with its bytes has the same
ImagingStudy       TAKEOVER.PATIENT.HASH, eight hexadecimal digits of the SHA-256 of the study's UID
List               TAKEOVER
"""

import hashlib
import re
from dataclasses import dataclass

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBERED = re.compile(rf"({_UUID})\.([1-9][0-9]{{0,17}})")
_STUDY = re.compile(rf"({_UUID})\.([0-9]{{1,18}})\.([0-9a-f]{{8}})")


@dataclass(frozen=True, slots=True)
class Numbered:
    """`study` is empty but for studies."""

    takeover: str
    number: int
    study: str = ""


def numbered(takeover: str, number: int) -> str:
    return f"{takeover}.{number}"


def study(takeover: str, patient: int, *, uid: str) -> str:
    return f"{takeover}.{patient}.{study_hash(uid)}"


def study_hash(uid: str) -> str:
    return hashlib.sha256(uid.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def read_numbered(text: str) -> Numbered | None:
    """None for what no `numbered` wrote."""
    found = _NUMBERED.fullmatch(text)
    return Numbered(found[1], int(found[2])) if found else None


def read_study(text: str) -> Numbered | None:
    """None for what no `study` wrote."""
    found = _STUDY.fullmatch(text)
    return Numbered(found[1], int(found[2]), found[3]) if found else None
