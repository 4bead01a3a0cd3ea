"""Accounts: who did or tried what, when, what for, and what came of it (R463-10.1.2, 10.1.3, 10.3; UPP art. 27(4)).

Every attempt has exactly one, permitted or not, written before a byte is opened. Names and organisation are those of
that moment. `as_body` and `account_of` are inverse: the body is what the journal keeps for good.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from repository.access.decision import Decision
from repository.access.principal import Principal
from repository.access.request import AccessRequest
from repository.access.subject import Subject
from repository.clock import instant
from repository.domain.describing import Identifier
from repository.polish_time import in_poland

PatientOf = tuple[str, int]
"""The id of a takeover and the number of a patient in it."""
KIND = "account"
PERMITTED, REFUSED = "permitted", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`at`: UTC with microseconds and Z; `day` (YYYY-MM-DD) and `hour` (HH) are Europe/Warsaw, as the law counts.

    `takeover` is an id, `patient` and `ordinal` are numbers in it, 0 where no one patient or holding was meant.
    `patients`: all patients of whom a search has shown something, also where it was one; `about` has whoever is named.
    `patient_name` is in DICOM form. `count`: how many holdings were asked for, 0 where that was not known beforehand.
    `rules`: version of the rules; `rule`: the one that permitted.
    """

    number: int = 0
    at: str
    day: str
    hour: str
    door: str
    kind: str
    id: str
    given_name: str
    surname: str
    role: str
    npwz: str
    organisation: str
    organisation_id: Identifier | None
    method: str
    assurance: str
    proof: str  # Identification.evidence
    purpose: str  # empty where none was said
    basis: str
    reason: str
    evidence: str
    operation: str
    takeover: str
    patient: int
    patient_name: str
    ordinal: int
    study: str
    document: Identifier | None
    count: int
    outcome: str
    reasons: tuple[str, ...]
    rule: str
    duties: tuple[str, ...]
    rules: str
    manner: str  # of disclosure: UPP art. 27 (view, copy, electronic, carrier, …); empty where nothing left
    identifier: Identifier | None = None  # of the principal
    organisation_role: str = ""
    identified_at: str = ""  # in the form of `at`: the identification was good from then …
    identified_until: str = ""  # … until then
    query: str = ""  # of a search: its conditions, `name=value`, joined by spaces
    patients: tuple[PatientOf, ...] = ()  # of a search, sorted, without repeats

    @property
    def about(self) -> frozenset[PatientOf]:
        """Every patient whom the account means: the one, and those of whom a search has shown something."""
        return frozenset(self.patients) | ({(self.takeover, self.patient)} if self.patient else set())


def account_of_attempt(
    request: AccessRequest,
    decision: Decision,
    *,
    patient_name: str = "",
    count: int = 0,
    manner: str = "",
    query: str = "",
    patients: Collection[PatientOf] = (),
) -> Account:
    """The account of `request` and what was decided on it. It names the reasons that may be told: so no view of the
    trail discloses special protection; `redeciding` gives all of them to whoever may see the facts."""
    day, _, time = in_poland(request.at).isoformat().partition("T")
    values = {
        "at": instant(request.at),
        "day": day,
        "hour": time[:2],
        "door": request.door,
        "purpose": request.purpose.value if request.purpose else "",
        "basis": request.basis,
        "reason": request.reason,
        "evidence": request.evidence,
        "operation": request.operation.value,
        "patient_name": patient_name.encode("utf-8", "backslashreplace").decode(),  # dirty, but to be recognised
        "count": count,
        "query": query,
        "patients": tuple(sorted(set(patients))),
        "outcome": PERMITTED if decision.permitted else REFUSED,
        "reasons": decision.told,
        "rule": decision.rule,
        "duties": decision.duties,
        "rules": decision.rules,
        "manner": manner if decision.permitted else "",
    }
    everything = values | _who(request.principal) | _what(request.subject)
    for name, value in everything.items():
        if not (isinstance(value, str) and value.isascii()):  # as nearly all is: to look is a fifth of the work
            everything[name] = _writable(value)
    return Account(**everything)


def _who(who: Principal) -> dict[str, Any]:
    known, organisation = who.identification, who.organisation
    return {
        "kind": who.kind.value,
        "id": who.id,
        "given_name": who.given_name,
        "surname": who.surname,
        "role": who.role,
        "npwz": who.npwz,
        "identifier": who.identifier,
        "organisation": organisation.name if organisation else "",
        "organisation_id": organisation.identifier if organisation else None,
        "organisation_role": organisation.role if organisation else "",
        "method": known.method.value if known else "",
        "assurance": known.assurance.value if known else "",
        "proof": known.evidence if known else "",
        "identified_at": instant(known.at) if known else "",
        "identified_until": instant(known.until) if known else "",
    }


def _what(what: Subject) -> dict[str, Any]:
    return {name: getattr(what, name) for name in ("takeover", "patient", "ordinal", "study", "document")}


def _writable(value: Any) -> Any:
    """The same, but for text that is not Unicode, which has no canonical form: an attempt must not go unaccounted for
    because of what was said in it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Identifier):
        return Identifier(_writable(value.root), _writable(value.extension))
    return value


_IDENTIFIERS = ("organisation_id", "document", "identifier")
_LISTS = ("reasons", "duties")


def as_body(account: Account) -> dict[str, Any]:
    """The account without its number, as canonical JSON values."""
    body: dict[str, Any] = {name: getattr(account, name) for name in Account.__slots__ if name != "number"}
    for name in _IDENTIFIERS:
        body[name] = None if body[name] is None else {"root": body[name].root, "extension": body[name].extension}
    body["patients"] = [list(each) for each in body["patients"]]
    return body | {name: list(body[name]) for name in _LISTS}


def account_of(body: Mapping[str, Any], *, number: int) -> Account:
    """The inverse of `as_body`. A body without `patients` is of an account that has none."""
    values = dict(body)
    values["patients"] = tuple((takeover, patient) for takeover, patient in values.get("patients", ()))
    for name in _IDENTIFIERS:
        known = values.get(name)
        values[name] = None if known is None else Identifier(known["root"], known["extension"])
    return Account(number=number, **values | {name: tuple(values[name]) for name in _LISTS})
