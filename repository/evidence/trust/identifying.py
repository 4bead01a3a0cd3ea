"""A trusted certificate as the evidence of an identity (R463-4.1)."""

from datetime import datetime

from repository.access.principal import Assurance, Identification, Method
from repository.evidence.trust.judging import Trusted
from repository.evidence.trust.links import Usage

METHODS = {Usage.SIGNATURE: Method.QUALIFIED_CERTIFICATE, Usage.TLS_CLIENT: Method.MUTUAL_TLS}


def identification(seen: Trusted, *, assurance: Assurance, until: datetime) -> Identification:
    """Evidence that names the certificate and its anchor, and says whether revocation is known; it ends with `until`
    or with the chain, whatever is first. `assurance` is the operator's judgement of that anchor."""
    known = "not revoked" if seen.revocation_known else "revocation not known"
    return Identification(
        method=METHODS[seen.usage],
        assurance=assurance,
        evidence=f"{seen.fingerprints[0]} under {seen.anchor}, {known}",
        at=seen.at,
        until=min(until, seen.until),
    )
