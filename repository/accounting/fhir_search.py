"""Searches for AuditEvents (IHE ITI-81, FHIR R4 AuditEvent) as conditions on accounts.

Repeated parameters must all hold, values with commas are alternatives. Parameters that nobody knows are ignored (FHIR
R4 3.1.1.4); one whose value cannot be taken is an error, for ignoring it would answer too much. A day without a time is
a day in Poland. `entity-name` finds a patient by the start of the name in DICOM form.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from repository.access.account_query import MOST, AccountQuery
from repository.accounting.errors import AccountQueryWrong
from repository.accounting.fhir_dates import interval
from repository.accounting.fhir_tokens import (
    ACTIONS,
    ENTITY_ROLES,
    ENTITY_TYPES,
    KINDS,
    OUTCOMES,
    PURPOSES,
    SUBTYPES,
    TYPES,
    Condition,
    Token,
    access_point,
    entity,
    id_of,
    patient,
    plain,
    split,
    token,
)
from repository.domain.describing import Identifier

Patients = Callable[[Identifier], Sequence[tuple[str, int]]]
"""An identifier of a patient → (takeover, number) of all that carry it; with an empty root, whatever the issuer."""

PAGE = 100


def parse_query(params: Mapping[str, Sequence[str]], *, archive: str, patients: Patients | None = None) -> AccountQuery:
    """The conditions that `params` ask for. Raises `AccountQueryWrong`, which names the parameter.

    `archive` as for `fhir.audit_event`. Without `patients`, a search by `patient.identifier` is refused.
    """
    query = AccountQuery(limit=PAGE)
    for name, values in params.items():
        for value in values:
            query = _narrowed(query, name, value, archive=archive, patients=patients)
    return query


def _narrowed(query: AccountQuery, name: str, value: str, *, archive: str, patients: Patients | None) -> AccountQuery:
    try:
        if name in FIELDS:
            field, read = FIELDS[name]
            return _meeting(query, field, tuple(map(read, split(value))))
        if name in TOKENS:
            return _met(query, [TOKENS[name](each) for each in split(value)])
        if name in PLACES:
            return PLACES[name](query, value, archive)
        if name == "patient.identifier":
            return _meeting(query, "patients", _by_identifier(value, patients))
        if name in OWN:
            return OWN[name](query, value)
        return _unknown(query, name)
    except ValueError as error:
        raise AccountQueryWrong(parameter=name, reason=str(error)) from error


def _unknown(query: AccountQuery, name: str) -> AccountQuery:
    """Ignored; but `outcome:not` is a known parameter that asks for something else (FHIR R4 3.1.1.4.5)."""
    known, colon, _ = name.partition(":")
    if colon and (known in FIELDS or known in TOKENS or known in PLACES or known in OWN):
        raise ValueError("a modifier that is not taken")
    return query


def _last_part(value: str) -> str:
    return token(value).code


def _account_number(value: str) -> int:
    """Any id may be asked for; one that is no number is nobody's, as 0 is."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else 0


FIELDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "_id": ("numbers", _account_number),
    "agent": ("ids", id_of),
    "agent.identifier": ("ids", id_of),
    "agent:identifier": ("ids", id_of),
    "agent-name": ("surnames", plain),
    "altid": ("npwz", _last_part),
    "entity-name": ("patient_names", plain),
    "patient": ("patients", patient),
    "policy": ("rules", plain),
}
"""Parameters that ask for values of one field."""


def _of(table: Mapping[Token, Condition], *, strict: bool = False) -> Callable[[str], Condition]:
    """`strict`: the codes are a required value set, and another is an error; else nothing has it."""

    def read(value: str) -> Condition:
        wanted = token(value)
        found = [condition for known, condition in table.items() if known.met_by(wanted)]
        if not found and strict:
            raise ValueError("not one of its codes")
        return found[0] if found else ("numbers", ())

    return read


TOKENS: Mapping[str, Callable[[str], Condition | None]] = {
    "action": _of(ACTIONS, strict=True),
    "agent-role": _of(KINDS),
    "entity": entity,
    "entity.identifier": entity,
    "entity:identifier": entity,
    "entity-role": _of(ENTITY_ROLES),
    "entity-type": _of(ENTITY_TYPES),
    "outcome": _of(OUTCOMES, strict=True),
    "purpose": _of(PURPOSES),
    "purposeOfUse": _of(PURPOSES),
    "subtype": _of(SUBTYPES),
    "type": _of(TYPES),
}
"""Parameters whose codes stand for values of some field."""


def _met(query: AccountQuery, conditions: Sequence[Condition | None]) -> AccountQuery:
    """Any one of `conditions`; those that nothing meets add nothing, None is met by everything."""
    if None in conditions:
        return query
    some = [each for each in conditions if each is not None and each[1] != ()]
    if not some:
        return _meeting(query, "numbers", ())
    fields = {field for field, _ in some}
    if len(fields) > 1:
        raise ValueError("these values cannot be alternatives of each other")
    (field,) = fields
    if field == "about_a_patient":
        return replace(query, about_a_patient=True)
    return _meeting(query, field, tuple(value for _, values in some for value in values))


def _meeting(query: AccountQuery, field: str, values: Sequence[Any]) -> AccountQuery:
    """`field` is one of `values`, and of what it had to be before. For names, which are beginnings, see `_begun`."""
    before = getattr(query, field)
    wanted = tuple(dict.fromkeys(values))
    if before is not None and field in ("surnames", "patient_names"):
        wanted = _begun(before, wanted)
    elif before is not None:
        wanted = tuple(each for each in before if each in wanted)
    changes: dict[str, Any] = {field: wanted}
    return replace(query, **changes)


def _begun(before: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Beginnings that meet both: of two where one goes on from the other, the longer."""
    longer = [max(a, b, key=len) for a in before for b in wanted if a.startswith(b) or b.startswith(a)]
    return tuple(dict.fromkeys(longer))


def _dated(query: AccountQuery, value: str) -> AccountQuery:
    since, until = interval(value)
    earliest = min(filter(None, (query.at_to, until)), default="")
    return replace(query, at_from=max(query.at_from, since), at_to=earliest)


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise ValueError("not a number")
    return int(value)


def _by_identifier(value: str, patients: Patients | None) -> list[tuple[str, int]]:
    if patients is None:
        raise ValueError("not searched here")
    found: list[tuple[str, int]] = []
    for each in split(value):
        wanted = token(each)
        found += patients(Identifier((wanted.system or "").removeprefix("urn:oid:"), wanted.code))
    return found


def _addressed(query: AccountQuery, value: str, archive: str) -> AccountQuery:
    """The archive itself is in every event, its doors in those that came through them."""
    places = [access_point(each, archive=archive) for each in split(value)]
    return query if "" in places else _meeting(query, "doors", [each for each in places if each])


def _from_source(query: AccountQuery, value: str, archive: str) -> AccountQuery:
    """Every event is reported by the archive."""
    return query if archive in map(id_of, split(value)) else _meeting(query, "numbers", ())


def _counted(query: AccountQuery, value: str) -> AccountQuery:
    return replace(query, limit=min(_number(value), MOST))


def _after(query: AccountQuery, value: str) -> AccountQuery:
    return replace(query, after=max(query.after, _number(value)))


PLACES: Mapping[str, Callable[[AccountQuery, str, str], AccountQuery]] = {
    "address": _addressed,
    "site": _from_source,
    "source": _from_source,
    "source.identifier": _from_source,
}
OWN: Mapping[str, Callable[[AccountQuery, str], AccountQuery]] = {"_after": _after, "_count": _counted, "date": _dated}
