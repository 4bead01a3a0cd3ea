"""Names and dates as people look for them: without case, without diacritics, without punctuation."""

import re
import unicodedata

# Letters with a stroke or a bar are letters of their own in Unicode and do not decompose.
_STROKES = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"})
_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")
_SPACES = re.compile(r"\s+")


def folded(text: str) -> str:
    """`text` in lower case without diacritics, spaces run together; `*`, `?` and `^` stay (PS3.4 C.2.2.2.1.1)."""
    lowered = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    bare = "".join(letter for letter in lowered if not unicodedata.combining(letter)).translate(_STROKES)
    return _SPACES.sub(" ", bare).strip(" ")


def folded_name(name: str) -> str:
    """A person name for comparison: the alphabetic group, folded, trailing empty components left out (PS3.5 6.2.1)."""
    group = name.partition("=")[0] or name.strip("=")
    return "^".join(part.strip() for part in folded(group).split("^")).rstrip("^")


def date_key(text: str) -> str:
    """YYYYMMDD of a DICOM, ACR-NEMA, ISO or HL7 TS date; empty where `text` starts with none."""
    found = _DATE.match(text.strip())
    return "".join(found.groups()) if found else ""
