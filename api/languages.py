"""Polish or English, as Accept-Language prefers (RFC 9110 §12.5.4)."""

import re

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,30})?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")
_MOST = 20  # ranges that are looked at


def language_of(accepted: str) -> str:
    """`pl` or `en`; English where neither is asked for."""
    best, chosen = 0.0, "en"
    for each in accepted.split(",")[:_MOST]:
        found = _RANGE.fullmatch(each)
        if found is None:
            continue
        weight, name = float(found[2] or 1), found[1].lower()
        if name in ("pl", "en") and weight > best:
            best, chosen = weight, name
    return chosen
