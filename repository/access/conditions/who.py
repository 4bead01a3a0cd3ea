"""Questions about the request itself: is it known who asks, what for, and on which ground (R463-4.1, 7.1, 10.3)."""

from datetime import timedelta

from repository.access.facts import Facts
from repository.access.identity import NPWZ_ROOTS, names
from repository.access.principal import PEOPLE, Assurance
from repository.access.purpose import LegalBasis, legal_bases
from repository.access.request import AccessRequest
from repository.polish_time import in_poland

SKEW = timedelta(minutes=5)  # how far the clock of whoever vouches for an identity may be ahead of ours


def no_identification(request: AccessRequest, _: Facts) -> bool:
    identification = request.principal.identification
    return identification is None or _blank(identification.evidence) or _blank(request.principal.id)


def identification_not_current(request: AccessRequest, _: Facts) -> bool:
    """Not yet, no longer, or never: one that ends before it begins proves nothing."""
    found = request.principal.identification
    return found is None or not (found.at - SKEW <= request.at < found.until and found.at < found.until)


def weak_identification(request: AccessRequest, _: Facts) -> bool:
    identification = request.principal.identification
    return identification is None or identification.assurance.rank < Assurance.SUBSTANTIAL.rank


def unnamed_person(request: AccessRequest, _: Facts) -> bool:
    who = request.principal
    return who.kind in PEOPLE and (_blank(who.given_name) or _blank(who.surname))


def no_organisation(request: AccessRequest, _: Facts) -> bool:
    organisation = request.principal.organisation
    return organisation is None or _blank(organisation.name) or not names(organisation.identifier)


def no_npwz(request: AccessRequest, _: Facts) -> bool:
    """No licence number, or two that contradict each other."""
    who = request.principal
    official = who.identifier
    licensed = official is not None and official.root.startswith(NPWZ_ROOTS)
    return _blank(who.npwz) or (official is not None and licensed and official.extension != who.npwz)


def no_identifier(request: AccessRequest, _: Facts) -> bool:
    return not names(request.principal.identifier)


def no_purpose(request: AccessRequest, _: Facts) -> bool:
    return request.purpose is None


def no_reason(request: AccessRequest, _: Facts) -> bool:
    return _blank(request.reason)


def no_evidence(request: AccessRequest, _: Facts) -> bool:
    return _blank(request.evidence)


def no_basis(request: AccessRequest, _: Facts) -> bool:
    return _basis(request) is None


def basis_needs_consent(request: AccessRequest, _: Facts) -> bool:
    basis = _basis(request)
    return basis is None or basis.consent


def basis_needs_no_consent(request: AccessRequest, facts: Facts) -> bool:
    return not basis_needs_consent(request, facts)


def payer(request: AccessRequest, _: Facts) -> bool:
    return request.principal.organisation is not None and request.principal.organisation.role == "payer"


def _basis(request: AccessRequest) -> LegalBasis | None:
    """The legal basis that the request names, if its principal may invoke it on that day in Poland."""
    basis, organisation = legal_bases().get(request.basis), request.principal.organisation
    if basis is None or organisation is None or not basis.in_force(in_poland(request.at).date()):
        return None
    return basis if organisation.role in basis.organisations else None


def _blank(text: str) -> bool:
    """Without a letter or a digit: spaces, dashes and characters of no width say nothing."""
    return not (text[:1].isalnum() or any(map(str.isalnum, text)))
