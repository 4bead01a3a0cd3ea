"""Text as people look for it: without case, without diacritics, without what is set apart only by spaces."""

import re
import unicodedata

# Letters with a stroke or a bar are letters of their own in Unicode and do not decompose.
_STROKES = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"})
_SPACES = re.compile(r"\s+")


def folded(text: str) -> str:
    """`text` in lower case without diacritics, spaces run together; `*`, `?` and `^` stay (PS3.4 C.2.2.2.1.1)."""
    lowered = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    bare = "".join(letter for letter in lowered if not unicodedata.combining(letter)).translate(_STROKES)
    return _SPACES.sub(" ", bare).strip(" ")
