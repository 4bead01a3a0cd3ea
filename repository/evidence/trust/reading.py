"""Octets as certificates and revocation lists, PEM or DER; whatever is neither raises `ValueError`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from repository.evidence import der
from repository.evidence.trust.errors import CertificateUnreadable

SHORT = 16  # hex digits of a fingerprint that is shown to people


def certificates_in(octets: bytes) -> list[x509.Certificate]:
    """At least one certificate: a DER one, or all of a PEM file, whose text before and between is no matter."""
    with _as_value_errors():
        if octets.startswith(bytes([der.SEQUENCE])):
            return [x509.load_der_x509_certificate(octets)]
        return x509.load_pem_x509_certificates(octets)


def list_in(octets: bytes) -> x509.CertificateRevocationList:
    """One list, all of whose entries can be read."""
    with _as_value_errors():
        read = x509.load_der_x509_crl if octets.startswith(bytes([der.SEQUENCE])) else x509.load_pem_x509_crl
        found = read(octets)
        _ = found.issuer, found.extensions, found.last_update_utc, found.next_update_utc
        for entry in found:
            _ = entry.serial_number, entry.revocation_date_utc, entry.extensions
        return found


def certificate_of(octets: bytes) -> x509.Certificate:
    """One certificate in DER. Raises `CertificateUnreadable`, also for what only its use would show to be broken."""
    try:
        (found,) = certificates_in(octets)
        require_readable(found)
    except ValueError:
        raise CertificateUnreadable from None
    return found


def require_readable(certificate: x509.Certificate) -> None:
    """All that is looked at can be read. Raises `ValueError`; a key of an unknown kind is refused elsewhere."""
    with _as_value_errors():
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        with suppress(UnsupportedAlgorithm):
            certificate.public_key()
    *_, signature = der.inside(der.only(der_of(certificate), der.SEQUENCE), der.SEQUENCE)
    if signature.content[:1] != b"\x00":  # unused bits: no algorithm leaves any, and the library does not look
        raise ValueError("a signature that is not whole octets")


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """The library has errors of its own for some of what is malformed."""
    try:
        yield
    except (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, TypeError) as error:
        raise ValueError("malformed") from error
    except UnsupportedAlgorithm as error:
        raise ValueError("of an unknown kind") from error


def der_of(known: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return known.public_bytes(Encoding.DER)


def fingerprint(known: x509.Certificate | x509.CertificateRevocationList) -> str:
    """SHA-256 of the DER octets, in hex."""
    return sha256(der_of(known)).hexdigest()


def shown(known: x509.Certificate | x509.CertificateRevocationList) -> str:
    return fingerprint(known)[:SHORT]
