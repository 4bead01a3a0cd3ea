"""Which form of an answer a request asks for: Accept (RFC 9110 §12.5.1) with the parameters of DICOMweb (PS3.18 8.7).

A door lists what it can give as `Offer`s, those that cost nothing first; `chosen` takes the one that is asked for most.
Of equal ones the first is taken. What is no media range is passed over, as other servers do: clients send such things.

    multipart/related; type="application/dicom"; transfer-syntax=*    also unquoted, as viewers send it
    application/dicom+json, application/json;q=0.5, */*;q=0
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from api.errors import NotAcceptable, RequestNotUnderstood

MULTIPART = "multipart/related"
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_TYPE = re.compile(rf"[ \t]*({_NAME}{{1,127}}/{_NAME}{{1,127}})")
_PARAMETER = re.compile(
    rf"[ \t]*;[ \t]*(?:({_NAME}{{1,64}})[ \t]*=[ \t]*"
    r'(?:"((?:[^"\\]|\\.){0,512})"|([^;,"\s]{0,512})))?'
)
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_QUOTED_PAIR = re.compile(r"\\(.)")
_LONGEST, _MOST = 8192, 64  # characters, and ranges that are looked at


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One of the ranges of Accept: `name` and the names of `parameters` in lower case, without the weight, which is in
    thousandths. 0 says: not this."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    weight: int = 1000

    @property
    def of(self) -> str:
        """The media type of the parts of a multipart answer; empty where any will do or it is not multipart."""
        return self.parameters.get("type", "").strip().lower() if self.name == MULTIPART else ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A form in which the answer can be given.

    `syntax` is the transfer syntax of DICOM or of pixel data in it, empty where there is none. `stored`: it is the one
    that is stored, which `transfer-syntax=*` asks for; `usual`: it is what a request without that parameter means.
    """

    media_type: str
    multipart: bool = False
    syntax: str = ""
    stored: bool = True
    usual: bool = True

    def __str__(self) -> str:
        syntax = f"; transfer-syntax={self.syntax}" if self.syntax else ""
        if self.multipart:
            return f'{MULTIPART}; type="{self.media_type}"{syntax}'
        return self.media_type + syntax


@lru_cache(maxsize=128)  # a client says the same each time, and each took 23 µs
def ranges(text: str) -> tuple[MediaRange, ...]:
    """The media ranges in an Accept field, in their order. Nothing is `*/*`. What is no range is left out; raises
    `RequestNotUnderstood` for a field that is too long to be one."""
    if len(text) > _LONGEST:
        raise RequestNotUnderstood(reason=f"accept: longer than {_LONGEST} characters")
    if not text.strip(" \t,"):
        return (MediaRange("*/*"),)
    return tuple(each for part in _split(text)[:_MOST] if (each := _range(part)) is not None)


def rendered(accepted: Iterable[MediaRange]) -> str:
    """An Accept field from which `ranges` reads the same."""
    return ", ".join(map(_rendered, accepted))


def chosen(header: str, offers: Sequence[Offer], *, parameter: str = "") -> Offer:
    """The offer that is asked for. `parameter`: the query parameter `accept`, which stands in place of the header
    (PS3.18 8.3.3.1); a plus sign in it may have become a space. Raises `NotAcceptable`, `RequestNotUnderstood`."""
    accepted = ranges(parameter.replace(" json", "+json").replace(" xml", "+xml") if parameter else header)
    best, weight = None, 0
    for offer in offers:
        found = _weight(offer, accepted)
        if found > weight:
            best, weight = offer, found
    if best is None:
        raise NotAcceptable(known=", ".join(dict.fromkeys(map(str, offers))))
    return best


def wants_gzip(header: str) -> bool:
    """Whether Accept-Encoding asks for gzip (RFC 9110 §12.5.3): by name, or by `*`, and not with weight 0."""
    found: dict[str, bool] = {}
    for part in header.lower().split(",")[:_MOST]:
        name, _, weight = part.partition(";")
        said = weight.strip().removeprefix("q=")
        found[name.strip()] = not said or (_WEIGHT.fullmatch(said) is not None and float(said) > 0)
    return found.get("gzip", found.get("x-gzip", found.get("*", False)))


def _weight(offer: Offer, accepted: Sequence[MediaRange]) -> int:
    """That of the most specific of the ranges that mean the offer (RFC 9110 §12.5.1); of equally specific ones the
    greatest."""
    best = (-1, 0)
    for each in accepted:
        specific = _specific(each, offer)
        if specific >= 0:
            best = max(best, (specific, each.weight))
    return best[1]


def _specific(asked: MediaRange, offer: Offer) -> int:
    """How closely the range describes the offer; -1 where it does not mean it."""
    if asked.name == "*/*":
        closeness = 0
    elif asked.name in (MULTIPART, "multipart/*"):
        if not offer.multipart:
            return -1
        inner = _closeness(asked.of or "*/*", offer.media_type)
        closeness = -1 if inner < 0 else 3 + inner
    else:
        closeness = -1 if offer.multipart else _closeness(asked.name, offer.media_type)
    if closeness < 0:
        return -1
    syntax = asked.parameters.get("transfer-syntax", "").strip()
    if syntax == "*":
        return 10 * closeness + 1 if offer.stored else -1
    if syntax:
        return 10 * closeness + 2 if offer.syntax == syntax else -1
    return 10 * closeness if offer.usual or asked.weight == 0 else -1


def _closeness(name: str, media_type: str) -> int:
    if name == media_type:
        return 2
    if name == "*/*":
        return 0
    return 1 if name.endswith("/*") and media_type.startswith(name[:-1]) else -1


def _split(text: str) -> list[str]:
    """At commas that stand outside of quotation marks."""
    parts, begun, quoted, escaped = [], 0, False, False
    for place, sign in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and sign == "\\":
            escaped = True
        elif sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            parts.append(text[begun:place])
            begun = place + 1
    return [*parts, text[begun:]]


def _range(text: str) -> MediaRange | None:
    text = text.strip(" \t")
    found = _TYPE.match(text)
    if found is None or (
        "*" in found[1] and not re.fullmatch(r"[^*/]+/\*|\*/\*|[^/]*[^*/][^/]*/[^/]*[^*/][^/]*", found[1])
    ):
        return None
    parameters: dict[str, str] = {}
    place, weight = found.end(), 1000
    while place < len(text):
        each = _PARAMETER.match(text, place)
        if each is None or each.end() == place:
            return None
        place = each.end()
        if not each[1]:
            continue
        value = _QUOTED_PAIR.sub(r"\1", each[2]) if each[2] is not None else each[3]
        if each[1].lower() == "q":
            if not _WEIGHT.fullmatch(value):
                return None
            weight = round(float(value) * 1000)
            continue
        parameters.setdefault(each[1].lower(), value)
    return MediaRange(found[1].lower(), parameters, weight)


def _rendered(each: MediaRange) -> str:
    said = "".join(f'; {name}="{_escaped(value)}"' for name, value in each.parameters.items())
    weight = "" if each.weight == 1000 else f";q={each.weight / 1000:.3f}"
    return f"{each.name}{said}{weight}"


def _escaped(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", value)
