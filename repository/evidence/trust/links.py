"""One certificate, and one link to the next: what RFC 5280 6.1.3 and 6.1.4 ask of it, and what we ask beyond.

Beyond: no weak algorithm; an authority says that it is one, in keyUsage as well; constraints that are not applied here
(names, policies) refuse whether they are critical or not. Policies themselves constrain nothing as long as nobody asks
for one: they are understood (6.1.1(c): any-policy; (e): no explicit policy).
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from repository.evidence.trust.errors import (
    AlgorithmWeak,
    CertificateEarly,
    CertificateExpired,
    ExtensionUnknown,
    IssuerUnfit,
    LinkForged,
    UseUnfit,
)
from repository.evidence.trust.reading import shown

SMALLEST_RSA, SMALLEST_CURVE = 2048, 256
STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
NOT_APPLIED = frozenset({ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.POLICY_CONSTRAINTS})
_DOCUMENTS = (  # what says that a key signs documents: RFC 9336, and what was used before it
    "1.3.6.1.5.5.7.3.36",
    "1.3.6.1.4.1.311.10.3.12",
    "1.2.840.113583.1.1.5",
    ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
)
Kind = TypeVar("Kind", bound=x509.ExtensionType)


class Usage(Enum):
    """What a leaf is wanted for: the purposes of which it may name one, if it names any."""

    SIGNATURE = _DOCUMENTS
    TLS_CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,)


def extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def require_sound(certificate: x509.Certificate, *, at: datetime) -> None:
    """Valid at `at`, with a strong key, and it sets no condition that is not understood here."""
    if at < certificate.not_valid_before_utc:
        raise CertificateEarly(certificate=shown(certificate))
    if at > certificate.not_valid_after_utc:
        raise CertificateExpired(certificate=shown(certificate))
    for each in certificate.extensions:
        if each.oid in NOT_APPLIED or (each.critical and each.oid not in UNDERSTOOD):
            raise ExtensionUnknown(certificate=shown(certificate), extension=each.oid.dotted_string)
    if not _strong_key(certificate):
        raise AlgorithmWeak(certificate=shown(certificate))


def require_use(leaf: x509.Certificate, usage: Usage) -> None:
    """It is no authority's, and for `usage` (RFC 5280 4.2.1.3, 4.2.1.12). A signer's says so (ETSI EN 319 412-2,
    4.3.2); one for a connection may be silent."""
    basic, key = extension(leaf, x509.BasicConstraints), extension(leaf, x509.KeyUsage)
    if usage is Usage.SIGNATURE:
        fit = key is not None and (key.digital_signature or key.content_commitment)
    else:
        fit = key is None or key.digital_signature
    purposes = extension(leaf, x509.ExtendedKeyUsage)
    if (basic is not None and basic.ca) or not fit or not _serves(purposes, usage):
        raise UseUnfit(certificate=shown(leaf))


def require_authority(issuer: x509.Certificate, *, between: int) -> None:
    """It may issue, with `between` further authorities between it and the leaf that are not issued by themselves."""
    basic, key = extension(issuer, x509.BasicConstraints), extension(issuer, x509.KeyUsage)
    fit = basic is not None and basic.ca and key is not None and key.key_cert_sign
    if not fit or (basic is not None and basic.path_length is not None and between > basic.path_length):
        raise IssuerUnfit(certificate=shown(issuer))


def require_signed(child: x509.Certificate, issuer: x509.Certificate) -> None:
    """The issuer's key signed it, strongly."""
    if not strongly_signed(child):
        raise AlgorithmWeak(certificate=shown(child))
    try:
        child.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        raise LinkForged(certificate=shown(child)) from None


def names_as_issuer(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    """The names agree octet by octet, and so do the key identifiers where both give one."""
    if child.issuer.public_bytes() != issuer.subject.public_bytes():
        return False
    wanted, own = extension(child, x509.AuthorityKeyIdentifier), extension(issuer, x509.SubjectKeyIdentifier)
    return same_key(wanted, own)


def same_key(wanted: x509.AuthorityKeyIdentifier | None, own: x509.SubjectKeyIdentifier | None) -> bool:
    """Nothing speaks against `wanted` meaning the key that calls itself `own`."""
    return wanted is None or own is None or wanted.key_identifier in {None, own.digest}


def self_issued(certificate: x509.Certificate) -> bool:
    return certificate.subject.public_bytes() == certificate.issuer.public_bytes()


def strongly_signed(known: x509.Certificate | x509.CertificateRevocationList) -> bool:
    """By SHA-2, also inside of PSS, or by EdDSA. An anchor's own signature proves nothing, and is not asked."""
    try:
        digest = known.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return False
    return isinstance(digest, STRONG) or (digest is None and known.signature_algorithm_oid in _EDWARDS)


_EDWARDS = frozenset({x509.SignatureAlgorithmOID.ED25519, x509.SignatureAlgorithmOID.ED448})


def _strong_key(certificate: x509.Certificate) -> bool:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= SMALLEST_RSA
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.key_size >= SMALLEST_CURVE
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def _serves(purposes: Iterable[x509.ObjectIdentifier] | None, usage: Usage) -> bool:
    if purposes is None:
        return True
    said = {each.dotted_string for each in purposes}
    return bool(said & {*usage.value, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string})
