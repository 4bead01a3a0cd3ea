"""Claims of an identity provider → who that is here. What is needed and not said is a refusal, never a guess.

An issuer speaks for the organisations that the operator lists and for no other, and says a kind by a role that the
operator has mapped; a token with roles of two kinds is refused, since nobody has said which of them acts.
"""

from collections.abc import Mapping
from typing import Any

from api.callers.errors import NotAccepted
from api.callers.identities import Issuer, Kind
from repository.access.principal import PEOPLE, Assurance, Identification, Organisation, Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.identifiers import (
    PESEL_OID,
    can_be_licence,
    check_pesel,
)

OF_A_HOUSE = frozenset(PrincipalKind) - {
    PrincipalKind.PATIENT, PrincipalKind.REPRESENTATIVE, PrincipalKind.PERSON, PrincipalKind.ADMINISTRATOR,
}  # fmt: skip
BY_PESEL = frozenset({PrincipalKind.PATIENT, PrincipalKind.REPRESENTATIVE, PrincipalKind.PERSON})
ACT_REASON = frozenset(
    {"http://terminology.hl7.org/CodeSystem/v3-ActReason", "urn:oid:2.16.840.1.113883.5.8", "2.16.840.1.113883.5.8"}
)
PURPOSES: Mapping[str, Purpose] = {
    "TREAT": Purpose.TREATMENT,
    "COC": Purpose.CONTINUITY,
    "ETREAT": Purpose.EMERGENCY,
    "BTG": Purpose.EMERGENCY,
    "PATRQT": Purpose.PATIENT_REQUEST,
    "FAMRQT": Purpose.PATIENT_REQUEST,
    "RECORDMGT": Purpose.CUSTODY,
    "HLEGAL": Purpose.STATUTORY,
    "HPAYMT": Purpose.PAYER,
    "HCOMPL": Purpose.AUDIT,
    "HSYSADMIN": Purpose.MAINTENANCE,
}
_MOST = 20
_LONGEST = 300


def principal_of(claims: dict[str, Any], issuer: Issuer, *, id: str, identification: Identification) -> Principal:  # noqa: A002
    """Whom `claims` speak of; `id` is its name in this archive. Raises `NotAccepted`."""
    names = issuer.claims
    role, kind = _role(claims, issuer)
    person = kind.kind in PEOPLE
    npwz = _npwz(claims, issuer, kind) if kind.kind is PrincipalKind.MEDICAL_WORKER else ""
    return Principal(
        kind=kind.kind,
        id=id,
        given_name=_said(claims, names.given_name) if person else "",
        surname=_said(claims, names.surname) if person else "",
        role=role,
        npwz=npwz,
        identifier=Identifier(kind.npwz_root, npwz) if npwz else _pesel(claims, issuer, kind),
        organisation=_organisation(claims, issuer, kind),
        identification=identification,
    )


def assurance_of(claims: dict[str, Any], issuer: Issuer) -> Assurance:
    """How well the issuer has identified; a value of `acr` that is not mapped is refused."""
    said = found_at(claims, issuer.claims.acr)
    found = issuer.assurance.get("" if said is None else said) if said is None or isinstance(said, str) else None
    if found is None:
        raise NotAccepted("assurance", issuer=issuer.issuer)
    return found


def purposes_of(claims: dict[str, Any]) -> frozenset[Purpose] | None:
    """The purposes that the token was given for (IHE IUA, ITI-71), None where it does not say. One that is not known
    here allows nothing."""
    said: Any = claims
    for name in ("extensions", "ihe_iua", "purpose_of_use"):
        said = said.get(name) if isinstance(said, dict) else None
    if said is None:
        return None
    coded = said if isinstance(said, list) else [said]
    if len(coded) > _MOST or not all(isinstance(each, dict) for each in coded):
        raise NotAccepted("purpose")
    return frozenset(
        PURPOSES[each["code"]]
        for each in coded
        if each.get("system") in ACT_REASON and isinstance(each.get("code"), str) and each["code"] in PURPOSES
    )


def found_at(claims: dict[str, Any], name: str) -> Any:
    """The claim of that name; of a name that begins with / what the JSON pointer leads to. None where there is none."""
    if not name.startswith("/"):
        return claims.get(name)
    found: Any = claims
    for part in name[1:].split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


def _role(claims: dict[str, Any], issuer: Issuer) -> tuple[str, Kind]:
    said = found_at(claims, issuer.claims.role)
    listed = said if isinstance(said, list) else [said]
    known = [each for each in listed if isinstance(each, str) and each in issuer.kinds]
    kinds = {issuer.kinds[each] for each in known}
    if len(kinds) != 1:
        raise NotAccepted("role", issuer=issuer.issuer)
    return known[0], kinds.pop()


def _said(claims: dict[str, Any], name: str) -> str:
    said = found_at(claims, name)
    if not isinstance(said, str) or not said.strip() or len(said) > _LONGEST or not said.isprintable():
        raise NotAccepted("claim-missing")
    return said.strip()


def _npwz(claims: dict[str, Any], issuer: Issuer, kind: Kind) -> str:
    """The licence number; its check digit is looked at where its register is known to have one."""
    number = _said(claims, issuer.claims.npwz)
    if not can_be_licence(number, kind.npwz_root):
        raise NotAccepted("npwz", issuer=issuer.issuer)
    return number


def _pesel(claims: dict[str, Any], issuer: Issuer, kind: Kind) -> Identifier | None:
    if kind.kind not in BY_PESEL:
        return None
    number = _said(claims, issuer.claims.pesel)
    verdict = check_pesel(number)
    if not verdict.valid or verdict.placeholder:
        raise NotAccepted("pesel", issuer=issuer.issuer)
    return Identifier(PESEL_OID, number)


def _organisation(claims: dict[str, Any], issuer: Issuer, kind: Kind) -> Organisation | None:
    """One that the operator lets the issuer speak for."""
    said = found_at(claims, issuer.claims.organisation)
    found = issuer.organisations.get(said) if isinstance(said, str) else None
    if found is None and (kind.kind in OF_A_HOUSE or said is not None):
        raise NotAccepted("organisation", issuer=issuer.issuer)
    return found.organisation if found else None
