"""Demands as JSON: what a requester sends, and what the journal keeps. `order_of(order_body(x)) == x` for every order.

    {"format": 1, "message_id": "…", "requester": {"kind": "medical-worker", "id": "…", "given_name": "…", …},
     "patient": {"root": "…", "extension": "…"}, "scope": {"studies": ["…"]}, "purpose": "treatment", …}

Whatever may be empty may be left out. An unknown member, a value of another type or an unknown word is refused by its
path, and its value is not repeated.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson

from repository.access.bodies import identifier_body, scope_body
from repository.access.principal import Assurance, Identification, Method, Organisation, Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.canonical import NotCanonical, canonical
from repository.clock import instant
from repository.demands.errors import DemandUnreadable
from repository.demands.order import DemandOrder
from repository.domain.describing import Identifier

FORMAT = 1
LONGEST = 1 << 20  # bytes of a message
LONGEST_ID = 256
Word = TypeVar("Word", bound=StrEnum)
Body = dict[str, Any]

_WORDS = ("message_id", "basis", "reason", "evidence", "takeover")
_OF_ORDER = frozenset({"format", "requester", "patient", "scope", "purpose", "provider", *_WORDS})
_PERSON = ("id", "given_name", "surname", "role", "npwz")
_OF_PRINCIPAL = frozenset({"kind", "identifier", "organisation", "identification", *_PERSON})
_IDENTIFIERS, _CODES = ("documents", "events"), ("classes", "studies", "specialties")
_DAYS = ("first_day", "last_day")


def principal_body(who: Principal) -> Body:
    house, known = who.organisation, who.identification
    return {name: getattr(who, name) for name in _PERSON} | {
        "kind": who.kind.value,
        "identifier": identifier_body(who.identifier),
        "organisation": None
        if house is None
        else {"identifier": identifier_body(house.identifier), "name": house.name, "role": house.role},
        "identification": None
        if known is None
        else {
            "method": known.method.value,
            "assurance": known.assurance.value,
            "evidence": known.evidence,
            "at": instant(known.at),
            "until": instant(known.until),
        },
    }


def order_body(order: DemandOrder) -> Body:
    """The order as canonical JSON values."""
    return {name: getattr(order, name) for name in _WORDS} | {
        "format": FORMAT,
        "requester": principal_body(order.requester),
        "patient": identifier_body(order.patient),
        "scope": scope_body(order.scope),
        "purpose": None if order.purpose is None else order.purpose.value,
        "provider": identifier_body(order.provider),
    }


def order_text(order: DemandOrder) -> bytes:
    """The message. Raises `DemandUnreadable` for text that is not Unicode."""
    try:
        return canonical(order_body(order))
    except NotCanonical:
        raise DemandUnreadable(path="text") from None


def read_order(message: bytes) -> DemandOrder:
    """The order that a message holds. Raises `DemandUnreadable`."""
    if len(message) > LONGEST:
        raise DemandUnreadable(path=f"more than {LONGEST} bytes")
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise DemandUnreadable(path="JSON") from None
    return order_of(value)


def order_of(value: object) -> DemandOrder:
    """The inverse of `order_body`. Raises `DemandUnreadable`."""
    said = _object(value, "message", _OF_ORDER)
    if said.get("format", FORMAT) != FORMAT:
        raise DemandUnreadable(path="format")
    words = {name: _text(said.get(name, ""), name) for name in _WORDS}
    if not words["message_id"].strip() or len(words["message_id"]) > LONGEST_ID:
        raise DemandUnreadable(path="message_id")
    purpose = said.get("purpose")
    order = DemandOrder(
        **words,
        requester=principal_of(said.get("requester"), "requester"),
        patient=_identifier(said.get("patient"), "patient"),
        scope=_scope(said.get("scope") or {}),
        purpose=None if purpose is None else _word(Purpose, purpose, "purpose"),
        provider=_identifier(said.get("provider"), "provider"),
    )
    if not order.requester_key:
        raise DemandUnreadable(path="requester.id")
    return order


def principal_of(value: object, path: str = "by") -> Principal:
    said = _object(value, path, _OF_PRINCIPAL)
    house, known = said.get("organisation"), said.get("identification")
    return Principal(
        **{name: _text(said.get(name, ""), f"{path}.{name}") for name in _PERSON},
        kind=_word(PrincipalKind, said.get("kind"), f"{path}.kind"),
        identifier=_identifier(said.get("identifier"), f"{path}.identifier"),
        organisation=None if house is None else _organisation(house, f"{path}.organisation"),
        identification=None if known is None else _identification(known, f"{path}.identification"),
    )


def _organisation(value: object, path: str) -> Organisation:
    said = _object(value, path, frozenset({"identifier", "name", "role"}))
    identifier = _identifier(said.get("identifier"), f"{path}.identifier")
    if identifier is None:
        raise DemandUnreadable(path=f"{path}.identifier")
    role = _text(said.get("role", "provider"), f"{path}.role")
    return Organisation(identifier, _text(said.get("name", ""), f"{path}.name"), role)


def _identification(value: object, path: str) -> Identification:
    said = _object(value, path, frozenset({"method", "assurance", "evidence", "at", "until"}))
    return Identification(
        _word(Method, said.get("method"), f"{path}.method"),
        _word(Assurance, said.get("assurance"), f"{path}.assurance"),
        _text(said.get("evidence", ""), f"{path}.evidence"),
        _moment(said.get("at"), f"{path}.at"),
        _moment(said.get("until"), f"{path}.until"),
    )


def _scope(value: object) -> Scope:
    said = _object(value, "scope", frozenset({*_IDENTIFIERS, *_CODES, *_DAYS}))
    known: dict[str, Any] = {name: _text(said.get(name, ""), f"scope.{name}") for name in _DAYS}
    for name in _CODES:
        known[name] = tuple(_text(each, f"scope.{name}") for each in _list(said.get(name, []), f"scope.{name}"))
    for name in _IDENTIFIERS:
        found = tuple(_identifier(each, f"scope.{name}") for each in _list(said.get(name, []), f"scope.{name}"))
        if None in found:
            raise DemandUnreadable(path=f"scope.{name}")
        known[name] = found
    return Scope(**known)


def _identifier(value: object, path: str) -> Identifier | None:
    if value is None:
        return None
    said = _object(value, path, frozenset({"root", "extension"}))
    return Identifier(_text(said.get("root", ""), f"{path}.root"), _text(said.get("extension"), f"{path}.extension"))


def _object(value: object, path: str, known: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DemandUnreadable(path=path)
    if value.keys() - known:
        raise DemandUnreadable(path=f"{path}: an unknown member")
    return value


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list):
        raise DemandUnreadable(path=path)
    return value


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise DemandUnreadable(path=path)
    return value


def _word(words: type[Word], value: object, path: str) -> Word:
    try:
        return words(_text(value, path))
    except ValueError:
        raise DemandUnreadable(path=path) from None


def _moment(value: object, path: str) -> datetime:
    """A moment with its distance from UTC, told in UTC (RFC 3339)."""
    try:
        read = datetime.fromisoformat(_text(value, path))
        if read.utcoffset() is None:
            raise DemandUnreadable(path=path)
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DemandUnreadable(path=path) from None
