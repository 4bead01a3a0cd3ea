"""A medical worker's own electronic signature, checked as far as it can be without the outside world (R463-5, step 6).

Checked: the signature over exactly these bytes by the certificate's key, RSA or ECDSA, bare or as detached CMS; the
certificate's dates at that time; that it is for signing; that its subject bears the worker's names and, where both say
a PESEL, the same; that it calls itself qualified where the signature is to be; that it leads to an anchor of the trust
folder, and was not revoked as far as the lists there say. Not checked: whether the trusted list (eIDAS art. 22) calls
the issuer qualified: the operator chooses the anchors. The bytes are kept, so that it can be.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from repository.evidence import cms, der
from repository.evidence.trust.judging import Trusted, trusted
from repository.evidence.trust.links import Usage
from repository.evidence.trust.reading import certificates_in
from repository.evidence.trust.store import TrustStore
from storage.errors import ArchiveError, Text

LONGEST = 256 * 1024  # bytes of a signature or a certificate
SMALLEST_RSA = 2048
CHECKED = ("signature", "dates", "key usage", "names", "chain")
UNCHECKED = ("trusted list",)
REVOCATION = "revocation"  # checked where a current list tells about each link of the chain
_MALFORMED = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
_QC_STATEMENTS, _QC_COMPLIANCE = "1.3.6.1.5.5.7.1.3", "0.4.0.1862.1.1"  # ETSI EN 319 412-5, 4.2.1
_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class SignatureKind:
    """`qualified`: its certificate has to call itself qualified."""

    name: Text
    source: str
    qualified: bool = False


KINDS: Mapping[str, SignatureKind] = {
    "qualified": SignatureKind(Text("qualified signature", "podpis kwalifikowany"), "eIDAS art. 3(12)", qualified=True),
    "trusted": SignatureKind(Text("trusted signature", "podpis zaufany"), "informatisation act art. 3(14a)"),
    "personal": SignatureKind(Text("personal signature", "podpis osobisty"), "identity cards act art. 2(1)(9)"),
}


class SignatureRefused(ArchiveError):
    code = "SIG-001"
    exit_code = 5
    what = Text(en="The worker's signature is not accepted: {reason}.", pl="Podpis pracownika odrzucono: {reason}.")
    todo = Text(
        en="Nothing was signed. Sign exactly the bytes that were given out, with your own valid certificate.",
        pl="Niczego nie podpisano. Podpisz dokładnie wydane bajty własnym, ważnym certyfikatem.",
    )


@dataclass(frozen=True, slots=True)
class Supplied:
    """What a worker hands in: `kind` of `KINDS`; `value` bare or CMS; `certificate` in PEM or DER, which a CMS
    signature may hold itself. After it in the PEM, and anywhere in the CMS, intermediate certificates may come."""

    kind: str
    value: bytes = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. `certificate` is DER; `form`: bare or cms; `algorithm`: rsa-pkcs1, rsa-pss or ecdsa, digest.
    `trusted`: by which chain, under which anchor, and what is known of revocation."""

    kind: str
    form: str
    algorithm: str
    certificate: bytes = field(repr=False)
    certificate_sha256: str
    valid_from: datetime
    valid_to: datetime
    trusted: Trusted

    @property
    def checked(self) -> tuple[str, ...]:
        return (*CHECKED, REVOCATION) if self.trusted.revocation_known else CHECKED

    @property
    def unchecked(self) -> tuple[str, ...]:
        return UNCHECKED if self.trusted.revocation_known else (REVOCATION, *UNCHECKED)


def check(
    content: bytes,
    supplied: Supplied,
    *,
    given_name: str,
    surname: str,
    pesel: str = "",
    at: datetime,
    trust: TrustStore,
) -> Checked:
    """The worker signed `content` at `at`, by a certificate that `trust` leads from. Raises `SignatureRefused`, and a
    `TrustError` for what is a signature by a certificate that is not trusted."""
    if supplied.kind not in KINDS:
        raise SignatureRefused(reason="an unknown kind of signature")
    if max(len(supplied.value), len(supplied.certificate)) > LONGEST:
        raise SignatureRefused(reason="it is too long")
    try:
        form, algorithm, certificate, along = _verified(content, supplied)
        _require_dates(certificate, at)
        _require_usage(certificate)
        _require_names(certificate, given_name, surname, pesel)
        _require_qualified(certificate, KINDS[supplied.kind])
    except SignatureRefused:
        raise
    except InvalidSignature:
        raise SignatureRefused(reason="it is not over these bytes, or not by this key") from None
    except (*_MALFORMED, KeyError, IndexError, TypeError):
        raise SignatureRefused(reason="it cannot be read, or it is over other bytes") from None
    seen = trusted(_der(certificate), list(map(_der, along)), store=trust, at=at, usage=Usage.SIGNATURE)
    return Checked(
        kind=supplied.kind,
        form=form,
        algorithm=algorithm,
        certificate=(octets := _der(certificate)),
        certificate_sha256=sha256(octets).hexdigest(),
        valid_from=certificate.not_valid_before_utc,
        valid_to=certificate.not_valid_after_utc,
        trusted=seen,
    )


def _verified(content: bytes, supplied: Supplied) -> tuple[str, str, x509.Certificate, list[x509.Certificate]]:
    """Form, algorithm, the signer's certificate, and those that came along with it."""
    given = certificates_in(supplied.certificate) if supplied.certificate else []
    if not cms.is_cms(supplied.value):
        if not given:
            raise SignatureRefused(reason="there is no certificate with it")
        certificate, *along = given
        return "bare", _prove(certificate, supplied.value, content, digest="sha256", pss=None), certificate, along
    (signer,) = cms.signers(supplied.value, content)
    carried = _carried(supplied.value)
    candidates = given[:1] or carried
    for each in candidates:
        named = each.serial_number == signer.serial and each.issuer.public_bytes() == signer.issuer
        if named or (not signer.issuer and len(candidates) == 1):
            algorithm = _prove(each, signer.signature, signer.signed, digest=signer.digest, pss=signer.pss)
            return "cms", algorithm, each, [other for other in (*given, *carried) if other != each]
    raise SignatureRefused(reason="the certificate is not the signer's")


def _carried(value: bytes) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(value)
    except _MALFORMED:
        return []  # RFC 5652 5.1: certificates are optional there


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _prove(certificate: x509.Certificate, signature: bytes, signed: bytes, *, digest: str, pss: bool | None) -> str:
    """The algorithm by which the certificate's key signed. `pss` None: either padding. Raises `InvalidSignature`."""
    key, algorithm = certificate.public_key(), _HASHES[digest]()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(algorithm))
        return f"ecdsa-{digest}"
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_RSA:
        raise SignatureRefused(reason="the key is neither ECDSA nor RSA of 2048 bits")
    if pss is not True:
        try:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        except InvalidSignature:
            if pss is False:
                raise
        else:
            return f"rsa-pkcs1-{digest}"
    key.verify(signature, signed, padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO), algorithm)
    return f"rsa-pss-{digest}"


def _require_dates(certificate: x509.Certificate, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise SignatureRefused(reason="the certificate was not valid at that time")


def _require_usage(certificate: x509.Certificate) -> None:
    """A certificate that says what it is for says that it is for signatures (RFC 5280 4.2.1.3); an authority's is not
    a person's."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise SignatureRefused(reason="the certificate is not for signing")


def _require_names(certificate: x509.Certificate, given_name: str, surname: str, pesel: str) -> None:
    """Case, spaces and the form of marks do not tell names apart; further given names may follow."""
    given, family = (_words(certificate, oid) for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME))
    wanted = _parts(given_name)
    if not wanted or given[: len(wanted)] != wanted or family != _parts(surname) or not family:
        raise SignatureRefused(reason="the certificate bears other names")
    numbers = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    said = [str(each.value).removeprefix("PNOPL-") for each in numbers if str(each.value).startswith("PNOPL-")]
    if pesel and said and said != [pesel]:  # ETSI EN 319 412-1, 5.1.3
        raise SignatureRefused(reason="the certificate bears another PESEL")


def _words(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [part for each in certificate.subject.get_attributes_for_oid(oid) for part in _parts(str(each.value))]


def _parts(name: str) -> list[str]:
    return unicodedata.normalize("NFC", name).casefold().split()


def _require_qualified(certificate: x509.Certificate, kind: SignatureKind) -> None:
    if kind.qualified and not _calls_itself_qualified(certificate):
        raise SignatureRefused(reason="the certificate does not call itself qualified")


def _calls_itself_qualified(certificate: x509.Certificate) -> bool:
    for extension in certificate.extensions:
        if extension.oid.dotted_string == _QC_STATEMENTS and isinstance(extension.value, x509.UnrecognizedExtension):
            statements = der.inside(der.only(extension.value.value, der.SEQUENCE), der.SEQUENCE)
            return any(der.dotted(der.inside(each, der.SEQUENCE)[0]) == _QC_COMPLIANCE for each in statements)
    return False
