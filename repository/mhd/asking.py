"""FHIR search parameters as a query of the catalogue and what is then still looked at (FHIR R4 3.1.1, MHD ITI-67).

Repeated parameters must all hold, values with commas are alternatives. What the catalogue has an index for narrows the
query; the rest decides on each hit, so that a page may be shorter than was asked for and still have a next one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repository.accounting.fhir_dates import interval
from repository.accounting.fhir_tokens import Token, patient, plain, split, token
from repository.catalogue.query import MOST as MOST_HITS
from repository.catalogue.query import Level, Query
from repository.domain.describing import Identifier
from repository.mhd.errors import ParameterWrong

Params = Mapping[str, Sequence[str]]
COMMON = frozenset({"_count", "_after", "_format", "_pretty", "_elements", "_summary", "_total"})
MOST, USUAL = 200, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`query` narrowed by all that it has words for, but for the takeover, which is `takeover` (an id; None: any).
    `left`: parameters with alternatives that are still to be looked at. `unknown`: names that nobody knows."""

    query: Query
    takeover: str | None = None
    left: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unknown: tuple[str, ...] = ()
    nothing: bool = False
    identifier: Token | None = None

    def queries(self, takeovers: tuple[int, ...] | None) -> list[Query]:
        """All that is looked for, within `takeovers` (None: any); two where an identifier may be of either kind."""
        query = replace(self.query, takeovers=() if self.nothing else takeovers)
        if self.identifier is None:
            return [query]
        known = identifier_of(self.identifier)
        query = replace(query, limit=MOST_HITS)
        if known is None:
            return [replace(query, document_id=self.identifier.code)]
        return [
            replace(query, document_root=known.root, document_id=known.extension), replace(query, set_id=known)
        ]  # fmt: skip

    def with_takeover(self, takeover: str) -> "Asked":
        if self.takeover not in (None, takeover):
            return replace(self, nothing=True)
        return replace(self, takeover=takeover)

    def narrowed(self, **changes: Any) -> "Asked":
        """Two different values of one field are met by nothing."""
        for name, value in changes.items():
            before = getattr(self.query, name)
            if before not in ("", None, ()) and before != value:
                return replace(self, nothing=True)
        return replace(self, query=replace(self.query, **changes))


Narrow = Callable[[Asked, str], Asked]


def asked(
    params: Params, level: Level, *, narrowing: Mapping[str, Narrow], looking: frozenset[str] = frozenset()
) -> Asked:
    """Raises `ParameterWrong`. `narrowing`: parameters that the query has words for, with one value; `looking`:
    those that each hit is looked at by, which takes those of `narrowing` with several values as well."""
    found = Asked(query=Query(level=level, limit=USUAL))
    for name, said in params.items():
        for value in said:
            try:
                found = _taken(found, name, value, narrowing=narrowing, looking=looking)
            except ValueError as error:
                raise ParameterWrong(parameter=name, reason=str(error)) from None
    return found


def _taken(found: Asked, name: str, value: str, *, narrowing: Mapping[str, Narrow], looking: frozenset[str]) -> Asked:
    if name == "_count":
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise ValueError("not a number")
        return replace(found, query=replace(found.query, limit=max(1, min(int(value), MOST))))
    if name == "_after":
        return replace(found, query=replace(found.query, after=value))
    if name in COMMON:
        return found
    if name not in narrowing and name not in looking:
        if name.partition(":")[0] in narrowing.keys() | looking:
            raise ValueError("a modifier that is not taken")
        return replace(found, unknown=(*found.unknown, name if name.isidentifier() and name.isascii() else "?"))
    values = split(value)
    if len(values) == 1 and name in narrowing:
        found = narrowing[name](found, values[0])
        return found if name not in looking else replace(found, left=(*found.left, (name, tuple(values))))
    if name not in looking:
        raise ValueError("more than one value")
    return replace(found, left=(*found.left, (name, tuple(values))))


def by_patient(found: Asked, value: str) -> Asked:
    takeover, number = patient(value)
    return found.with_takeover(takeover).narrowed(patient=number)


def by_patient_identifier(found: Asked, value: str) -> Asked:
    wanted = token(value)
    found = found.narrowed(patient_id=exact(wanted.code))
    return found if wanted.system is None else found.narrowed(patient_root=_root(wanted))


def by_document(found: Asked, value: str) -> Asked:
    """The document's own identifier or that of its set; see `Asked.queries`."""
    wanted = token(value)
    if found.identifier is not None and found.identifier != wanted:
        return replace(found, nothing=True)
    exact(wanted.code)
    return replace(found, identifier=wanted)


def identifier_of(wanted: Token) -> Identifier | None:
    """None where any issuer will do."""
    if wanted.system is None:
        return None
    if wanted.system == "urn:ietf:rfc:3986":
        return Identifier(wanted.code.removeprefix("urn:oid:"), "")
    return Identifier(_root(wanted), wanted.code)


def _root(wanted: Token) -> str:
    return (wanted.system or "").removeprefix("urn:oid:")


def exact(code: str) -> str:
    """As a value without wildcards."""
    if not code.strip() or any(each in code for each in "*?\\"):
        raise ValueError("no such identifier can be looked for")
    return code


def beginning(value: str) -> str:
    """What begins with `value` (FHIR R4 3.1.1.4.8), as a pattern of the catalogue."""
    return f"{exact(plain(value)).replace('^', ' ')}*"


def within(value: str, first: str, after: str) -> bool:
    """Whether [first, after), moments as `interval` writes them, meets the condition of a FHIR date."""
    since, until = interval(value)
    if value[:2] in ("gt", "sa", "ge", "le", "lt", "eb"):
        return (not since or after > since) and (not until or first < until)
    return first >= since and after <= until
