"""The papers of a takeover, and who is told its state and its counts at a door where nobody is let in unknown.

in_custody_of   whether a takeover is in somebody's custody now
paper_for       the signed protocol, decided where it names files (docs/access.md, "What a search or a list tells")
"""

from collections.abc import Callable
from typing import Any

from repository.access.identity import same
from repository.access.principal import Principal, PrincipalKind
from repository.domain.takeover import Takeover
from repository.evidence.signing import opened
from repository.intake import protocol_of
from repository.listing import name_items
from repository.opening import Errand
from repository.runtime import Archive
from repository.takeover.concluding import PURPOSE
from repository.takeover.explaining import exception_of_json, is_of_the_form

CUSTODIANS = frozenset({PrincipalKind.MEDICAL_WORKER, PrincipalKind.ORGANISATION, PrincipalKind.SYSTEM})


def in_custody_of(archive: Archive, principal: Principal, takeover: Takeover) -> bool:
    """Whether the takeover is in custody of the principal's organisation, as things stand now."""
    if principal.kind not in CUSTODIANS or principal.organisation is None:
        return False
    archive.log.confirm_once()  # an old copy of the catalogue may not know that custody has passed on
    history = archive.catalogue.entitling.custody_of(takeover.id)
    return bool(history) and same(history[-1].custodian, principal.organisation.identifier)


def paper_for(archive: Archive, takeover: Takeover, errand: Callable[[], Errand]) -> bytes:
    """The signed protocol, its signature checked. `errand` is asked for where it names files, and has
    to be one that may learn of all that was kept.

    Raises `ProtocolMissing`, `AccessRefused` after its account, and what `errand` raises.
    """
    paper = protocol_of(archive, takeover)
    said = opened(paper, purpose=PURPOSE, public_key=archive.ring.signing_public_key())
    if _names_files(said):
        named = map(exception_of_json, said["statement"]["exceptions"])
        name_items(archive, errand(), takeover, wanted=named, whole=True)
    return paper


def _names_files(said: Any) -> bool:
    subjects = (finding.get("subject", "") for finding in said["findings"])
    return bool(said["statement"]["exceptions"]) or not all(map(is_of_the_form, subjects))
