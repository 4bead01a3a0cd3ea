"""Whether a certificate was revoked, as the lists of its issuer say (RFC 5280 6.3; complete, direct lists only).

A list counts if the issuer's own key signed it. What such a list says was revoked by then was revoked, however old the
list is; that it does *not* name a certificate counts only from its thisUpdate to its nextUpdate.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from repository.evidence.trust.errors import AlgorithmWeak, CertificateRevoked, ListForged
from repository.evidence.trust.links import extension, same_key, strongly_signed
from repository.evidence.trust.reading import fingerprint, shown
from repository.evidence.trust.store import FiledList

Kind = TypeVar("Kind", bound=x509.ExtensionType)
_UNDERSTOOD = frozenset(
    {ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.ISSUING_DISTRIBUTION_POINT}
)


class Standing(StrEnum):
    GOOD = "good"  # a current list does not name it
    STALE = "stale"  # the newest list is too old to say so
    NO_LIST = "no-list"


@dataclass(frozen=True, slots=True)
class Link:
    """How a certificate stood, and by which list: SHA-256 of its DER, empty where there is none."""

    certificate: str
    standing: Standing
    list_sha256: str = ""
    this_update: datetime | None = None
    next_update: datetime | None = None


def standing(child: x509.Certificate, issuer: x509.Certificate, lists: Iterable[FiledList], *, at: datetime) -> Link:
    """How `child` stood at `at`. Raises `CertificateRevoked`, `ListForged`, `AlgorithmWeak` for a list."""
    own = list(_own_lists(issuer, lists))
    about = [crl for crl in own if _covers(crl, child)]
    if any(_names(crl, child, at=at) for crl in about):
        raise CertificateRevoked(certificate=shown(child))
    begun = [crl for crl in about if crl.last_update_utc <= at]
    if not begun:
        return Link(fingerprint(child), Standing.NO_LIST)
    newest = max(begun, key=lambda crl: crl.last_update_utc)
    until = newest.next_update_utc
    current = Standing.GOOD if until is not None and at <= until else Standing.STALE
    return Link(fingerprint(child), current, fingerprint(newest), newest.last_update_utc, until)


def _own_lists(issuer: x509.Certificate, lists: Iterable[FiledList]) -> Iterator[x509.CertificateRevocationList]:
    """Lists in the issuer's name, which its key did sign. One in its name that nobody's key fits is an attack."""
    usage, own_key = extension(issuer, x509.KeyUsage), extension(issuer, x509.SubjectKeyIdentifier)
    for each in lists:
        crl = each.crl
        if crl.issuer.public_bytes() != issuer.subject.public_bytes():
            continue
        if not same_key(said(crl, x509.AuthorityKeyIdentifier), own_key):
            continue  # of an older or newer key under the same name
        if not strongly_signed(crl):
            raise AlgorithmWeak(certificate=shown(crl))
        if not _signed(crl, issuer):
            raise ListForged(sha256=shown(crl))
        if usage is not None and usage.crl_sign:
            yield crl


def said(crl: x509.CertificateRevocationList, kind: type[Kind]) -> Kind | None:
    """The extension of that kind, None where the list has none."""
    try:
        return crl.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _names(crl: x509.CertificateRevocationList, certificate: x509.Certificate, *, at: datetime) -> bool:
    """Revoked or suspended by `at`, or known by now to have been invalid by then."""
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return False
    try:
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return entry.revocation_date_utc <= at
    return min(invalid, entry.revocation_date_utc) <= at


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Complete and direct, and about certificates of this kind and place (RFC 5280 5.2.5)."""
    if any(each.critical and each.oid not in _UNDERSTOOD for each in crl.extensions):
        return False  # a delta list among them
    point = said(crl, x509.IssuingDistributionPoint)
    if point is None:
        return True
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs or point.relative_name:
        return False
    basic = extension(certificate, x509.BasicConstraints)
    authority = basic is not None and basic.ca
    if (point.only_contains_ca_certs and not authority) or (point.only_contains_user_certs and authority):
        return False
    return point.full_name is None or not _points(certificate).isdisjoint(point.full_name)


def _points(certificate: x509.Certificate) -> set[x509.GeneralName]:
    found = extension(certificate, x509.CRLDistributionPoints)
    return {name for each in found or () for name in each.full_name or ()}
