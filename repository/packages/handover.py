"""`metadata/handover.json`: who hands over, when, on which ground (docs/handover.schema.json).

Reading never fails: what is missing or ill-formed is a finding and an empty value, because a package of a provider
that is gone must be taken over whatever state it is in. Values are kept as given.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import BinaryIO

from repository.domain.identifiers import check_nip, check_regon, check_rpwdl_book
from repository.domain.takeover import Handover, Producer, Route
from repository.findings import Finding
from repository.packages.strict_json import NotStrictJson, read_strict_json

PATH = "metadata/handover.json"
LONGEST = 1_000  # characters of one text
GREATEST = (1 << 63) - 1
NUMBERS = (
    ("rpwdl_book", check_rpwdl_book, "PKG-RPWDL"),
    ("regon", check_regon, "PKG-REGON"),
    ("nip", check_nip, "PKG-NIP"),
)
COUNT_NAME = re.compile(r"[a-z][a-z_]{0,39}")


def read_handover(stream: BinaryIO, *, subject: str = PATH) -> tuple[Handover, tuple[Finding, ...]]:
    """The hand-over data and what is wrong with it."""
    try:
        value = read_strict_json(stream)
    except NotStrictJson as error:
        return Handover(), (Finding("PKG-HANDOVER-JSON", subject, {"reason": str(error)}),)
    reader = _Reader(subject)
    return reader.handover(value), tuple(reader.findings)


def handover_json(handover: Handover) -> bytes:
    """The inverse of `read_handover`: UTF-8, indented, empty values left out."""
    value: dict[str, object] = {"producer": _producer_json(handover.producer)}
    if handover.successor is not None:
        value["successor"] = _producer_json(handover.successor)
    if handover.cessation_date:
        value["cessation_date"] = handover.cessation_date
    if handover.legal_basis:
        value["legal_basis"] = handover.legal_basis
    if handover.route is not None:
        value["route"] = str(handover.route)
    if handover.declared_counts:
        value["declared_counts"] = dict(handover.declared_counts)
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def check_producer(producer: Producer, *, field: str, subject: str) -> tuple[Finding, ...]:
    """Warnings about numbers whose structure or checksum is wrong; the numbers themselves are not repeated."""
    return tuple(
        Finding(code, subject, {"field": f"{field}.{name}"})
        for name, check, code in NUMBERS
        if (number := getattr(producer, name)) and not check(number).valid
    )


def is_anonymous(producer: Producer) -> bool:
    """Whether nothing says who the producer is."""
    return not (producer.name or producer.rpwdl_book or producer.regon or producer.nip)


def filled_from(handover: Handover, given: Handover) -> Handover:
    """What the package leaves empty is taken from what was given; what it says stays."""
    mine, theirs = handover.producer, given.producer
    return Handover(
        producer=Producer(
            name=mine.name or theirs.name,
            rpwdl_book=mine.rpwdl_book or theirs.rpwdl_book,
            regon=mine.regon or theirs.regon,
            nip=mine.nip or theirs.nip,
        ),
        successor=handover.successor or given.successor,
        cessation_date=handover.cessation_date or given.cessation_date,
        legal_basis=handover.legal_basis or given.legal_basis,
        route=handover.route or given.route,
        declared_counts=handover.declared_counts or given.declared_counts,
    )


def contradicts(handover: Handover, given: Handover) -> bool:
    """Whether something that was given is not what the package says."""
    return replace(filled_from(given, handover), declared_counts={}) != replace(
        filled_from(handover, given), declared_counts={}
    )


class _Reader:
    """Collects findings while it takes values out of parsed JSON."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self.findings: list[Finding] = []

    def handover(self, value: object) -> Handover:
        if not isinstance(value, dict):
            self._note("PKG-HANDOVER-FIELD", "(root)")
            return Handover()
        self._unknown(value, {"producer", "successor", "cessation_date", "legal_basis", "route", "declared_counts"})
        successor = self._producer(value, "successor") if "successor" in value else None
        return Handover(
            producer=self._producer(value, "producer") or Producer(),
            successor=successor,
            cessation_date=self._checked(value, "cessation_date", is_right=_is_date, code="PKG-HANDOVER-DATE"),
            legal_basis=self._text(value, "legal_basis", required=True),
            route=self._route(value),
            declared_counts=self._counts(value),
        )

    def _note(self, code: str, field: str) -> None:
        self.findings.append(Finding(code, self._subject, {"field": field}))

    def _unknown(self, value: Mapping[str, object], known: set[str], *, within: str = "") -> None:
        unknown = len(value.keys() - known)
        if unknown:
            self.findings.append(
                Finding("PKG-HANDOVER-UNKNOWN", self._subject, {"field": within or "(root)", "count": unknown})
            )

    def _text(self, value: Mapping[str, object], field: str, *, within: str = "", required: bool = False) -> str:
        if field not in value:
            if required:
                self._note("PKG-HANDOVER-MISSING", within + field)
            return ""
        text = value[field]
        if isinstance(text, str) and _is_clean(text):
            return text
        self._note("PKG-HANDOVER-FIELD", within + field)
        return ""

    def _checked(self, value: Mapping[str, object], field: str, *, is_right: Callable[[str], bool], code: str) -> str:
        text = self._text(value, field, required=True)
        if field in value and isinstance(value[field], str) and not is_right(text):
            self._note(code, field)
            return ""
        return text

    def _route(self, value: Mapping[str, object]) -> Route | None:
        text = self._checked(value, "route", is_right=lambda text: text in set(Route), code="PKG-HANDOVER-ROUTE")
        return Route(text) if text else None

    def _producer(self, value: Mapping[str, object], field: str) -> Producer | None:
        if field not in value:
            self._note("PKG-HANDOVER-MISSING", field)
            return None
        body = value[field]
        if not isinstance(body, dict):
            self._note("PKG-HANDOVER-FIELD", field)
            return None
        self._unknown(body, {"name", "rpwdl_book", "regon", "nip"}, within=field)
        within = f"{field}."
        producer = Producer(
            name=self._text(body, "name", within=within, required=True),
            rpwdl_book=self._text(body, "rpwdl_book", within=within),
            regon=self._text(body, "regon", within=within),
            nip=self._text(body, "nip", within=within),
        )
        self.findings += check_producer(producer, field=field, subject=self._subject)
        return producer

    def _counts(self, value: Mapping[str, object]) -> Mapping[str, int]:
        counts = value.get("declared_counts", {})
        if not isinstance(counts, dict):
            self._note("PKG-HANDOVER-FIELD", "declared_counts")
            return {}
        good = {name: count for name, count in counts.items() if COUNT_NAME.fullmatch(name) and _is_count(count)}
        if len(good) < len(counts):
            self._note("PKG-HANDOVER-FIELD", "declared_counts")
        return good


def _producer_json(producer: Producer) -> dict[str, str]:
    numbers = {"rpwdl_book": producer.rpwdl_book, "regon": producer.regon, "nip": producer.nip}
    return {"name": producer.name} | {name: number for name, number in numbers.items() if number}


def _is_clean(text: str) -> bool:
    return len(text) <= LONGEST and not any(ord(c) < 0x20 or 0xD800 <= ord(c) <= 0xDFFF for c in text)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_count(count: object) -> bool:
    return isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= GREATEST
