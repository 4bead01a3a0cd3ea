"""The one question: is this certificate, at this instant and for this use, one that the operator trusts?"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from repository.clock import instant
from repository.evidence.trust.errors import (
    CertificateUnreadable,
    OrganisationUnnamed,
    RevocationUnknown,
    TrustEmpty,
)
from repository.evidence.trust.links import Usage, require_sound, require_use
from repository.evidence.trust.path import Search
from repository.evidence.trust.reading import certificate_of, der_of, fingerprint, shown
from repository.evidence.trust.revocation import Link, Standing, standing
from repository.evidence.trust.settings import Revocation
from repository.evidence.trust.store import TrustStore

MOST_ALONG = 32  # certificates that may come along with a leaf


@dataclass(frozen=True, slots=True)
class Trusted:
    """A leaf that is trusted: `chain` in DER, the leaf first and the anchor last; `links` tell of all but the anchor
    how they stood at `at`. `until`: the instant at which the first certificate of the chain expires."""

    at: datetime
    usage: Usage
    chain: tuple[bytes, ...] = field(repr=False)
    fingerprints: tuple[str, ...]
    links: tuple[Link, ...]
    revocation: Revocation
    until: datetime

    @property
    def anchor(self) -> str:
        """SHA-256 of the anchor's DER, in hex."""
        return self.fingerprints[-1]

    @property
    def revocation_known(self) -> bool:
        return all(each.standing is Standing.GOOD for each in self.links)

    def evidence(self) -> dict[str, Any]:
        """All of it as canonical JSON holds it, so that the path can be walked again. Lists are named by SHA-256."""
        return {
            "at": instant(self.at),
            "usage": self.usage.name.lower().replace("_", "-"),
            "chain": list(self.fingerprints),
            "anchor": self.anchor,
            "issuers": [b64encode(each).decode() for each in self.chain[1:]],
            "revocation": self.revocation.value,
            "links": [_told(each) for each in self.links],
        }


@dataclass(frozen=True, slots=True)
class OrganisationCertificate:
    """The organisation that a trusted certificate names. `identifier`: organizationIdentifier as it is written there
    (ETSI EN 319 412-1, 5.1.4: VATPL-…, NTRPL-…), empty where there is none; so is `name`, but never both."""

    name: str
    identifier: str
    sha256: str
    trusted: Trusted


def trusted(leaf: bytes, along: Sequence[bytes] = (), *, store: TrustStore, at: datetime, usage: Usage) -> Trusted:
    """`leaf`, in DER, leads by `along` and the store's intermediates to an anchor, each link valid at `at`, none
    revoked. Raises a `TrustError` otherwise, `TrustEmpty` where there is no anchor at all."""
    if not store.anchors:
        raise TrustEmpty(folder=str(store.folder))
    if len(along) > MOST_ALONG:
        raise CertificateUnreadable
    certificate = certificate_of(leaf)
    others = [each.certificate for each in store.intermediates] + _readable(along)
    require_sound(certificate, at=at)
    require_use(certificate, usage)
    links: list[Link] = []

    def settle(path: Sequence[x509.Certificate]) -> None:
        links[:] = [_standing(child, issuer, store, at=at) for child, issuer in pairwise(path)]

    path = Search([each.certificate for each in store.anchors], others, at=at, settled=settle).path(certificate)
    return Trusted(
        at=at,
        usage=usage,
        chain=tuple(map(der_of, path)),
        fingerprints=tuple(map(fingerprint, path)),
        links=tuple(links),
        revocation=store.revocation,
        until=min(each.not_valid_after_utc for each in path),
    )


def trusted_organisation(chain: Sequence[bytes], *, store: TrustStore, at: datetime) -> OrganisationCertificate:
    """Who is at the other end of a TLS connection whose peer sent `chain`, in DER, its own certificate first. Raises a
    `TrustError`. That the peer has the key is what the handshake proves, and not this."""
    if not chain:
        raise CertificateUnreadable
    seen = trusted(chain[0], chain[1:], store=store, at=at, usage=Usage.TLS_CLIENT)
    leaf = certificate_of(chain[0])
    name, identifier = (_one(leaf, oid) for oid in (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER))
    if not name and not identifier:
        raise OrganisationUnnamed(certificate=shown(leaf))
    return OrganisationCertificate(name, identifier, seen.fingerprints[0], seen)


def _standing(child: x509.Certificate, issuer: x509.Certificate, store: TrustStore, *, at: datetime) -> Link:
    found = standing(child, issuer, store.lists, at=at)
    if store.revocation is Revocation.REQUIRED and found.standing is not Standing.GOOD:
        raise RevocationUnknown(certificate=shown(child), standing=found.standing.value)
    return found


def _readable(along: Iterable[bytes]) -> list[x509.Certificate]:
    """What came along and is a certificate: what is none helps nobody, and does no harm."""
    found = []
    for each in along:
        try:
            found.append(certificate_of(each))
        except CertificateUnreadable:
            continue
    return found


def _one(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    """The only value of that kind; empty where there is none, or several that would have to be chosen from."""
    values = [str(each.value).strip() for each in certificate.subject.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 else ""


def _told(link: Link) -> dict[str, str]:
    return {
        "certificate": link.certificate,
        "standing": link.standing.value,
        "list_sha256": link.list_sha256,
        "this_update": instant(link.this_update) if link.this_update else "",
        "next_update": instant(link.next_update) if link.next_update else "",
    }
