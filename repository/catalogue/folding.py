"""Names and dates as people look for them: without case, without diacritics, without punctuation."""

import re

from repository.folding import folded

__all__ = ["date_key", "folded", "folded_name"]

_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")


def folded_name(name: str) -> str:
    """A person name for comparison: the alphabetic group, folded, trailing empty components left out (PS3.5 6.2.1)."""
    group = name.partition("=")[0] or name.strip("=")
    return "^".join(part.strip() for part in folded(group).split("^")).rstrip("^")


def date_key(text: str) -> str:
    """YYYYMMDD of a DICOM, ACR-NEMA, ISO or HL7 TS date; empty where `text` starts with none."""
    found = _DATE.match(text.strip())
    return "".join(found.groups()) if found else ""
