"""Chains of certificates and revocation lists with any fault that a test wants: real signatures, of nobody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Digest = hashes.SHA224 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512
DAY = timedelta(days=1)
LONG_AGO, FAR_AHEAD = datetime(2016, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)
Extras = Sequence[tuple[x509.ExtensionType, bool]]
_FLAGS = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
          "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def named(text: str, **more: str) -> x509.Name:
    said = [(NameOID.COUNTRY_NAME, "PL"), *((getattr(NameOID, oid), value) for oid, value in more.items())]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in (*said, (NameOID.COMMON_NAME, text))])


def usage(*flags: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{each: each in flags for each in _FLAGS})


def fresh_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def issued(
    subject: str | x509.Name,
    by: Issued | None = None,
    *,
    key: Key | None = None,
    signed_by: Key | None = None,
    issuer: x509.Name | None = None,
    since: datetime = LONG_AGO,
    until: datetime = FAR_AHEAD,
    ca: bool | None = None,
    path_length: int | None = None,
    flags: Sequence[str] | None = ("content_commitment",),
    purposes: Sequence[ObjectIdentifier] = (),
    extras: Extras = (),
    digest: Digest | None = None,
    key_ids: bool = True,
) -> Issued:
    """A certificate under `by`, or under itself. `ca` None: without basicConstraints; `flags` None: without keyUsage;
    `signed_by` and `issuer` differ from `by` where a test forges."""
    key = key or fresh_key()
    name = named(subject) if isinstance(subject, str) else subject
    signer = signed_by or (by.key if by else key)
    above = issuer or (by.certificate.subject if by else name)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(above).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    )  # fmt: skip
    said: list[tuple[x509.ExtensionType, bool]] = list(extras)
    if ca is not None:
        said.append((x509.BasicConstraints(ca=ca, path_length=path_length), True))
    if flags is not None:
        said.append((usage(*flags), True))
    if purposes:
        said.append((x509.ExtendedKeyUsage(purposes), False))
    if key_ids:
        said.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
        over = (by.key if by else key).public_key()
        said.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(over), False))
    for extension, critical in said:
        builder = builder.add_extension(extension, critical=critical)
    return Issued(builder.sign(signer, digest or hashes.SHA256()), key)


def authority(subject: str | x509.Name, by: Issued | None = None, **said: Any) -> Issued:
    kept: dict[str, Any] = {"ca": True, "flags": ("key_cert_sign", "crl_sign")}
    return issued(subject, by, **kept | said)


def signed_with(made: Issued, by: Issued, digest: hashes.SHA1 | hashes.MD5) -> Issued:
    """The same certificate, signed by `by`'s RSA key with a digest that nobody may build one with any more."""
    assert isinstance(by.key, rsa.RSAPrivateKey)
    old, new = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d0101") + _RSA_WITH[digest.name]
    body = made.certificate.tbs_certificate_bytes.replace(old, new)
    signature = by.key.sign(body, padding.PKCS1v15(), digest)
    algorithm = b"\x30\x0d\x06\x09" + new + b"\x05\x00"
    whole = body + algorithm + b"\x03" + _length(len(signature) + 1) + b"\x00" + signature
    return Issued(x509.load_der_x509_certificate(b"\x30" + _length(len(whole)) + whole), made.key)


_RSA_WITH = {"md5": b"\x04", "sha1": b"\x05"}


def _length(octets: int) -> bytes:
    return b"\x82" + octets.to_bytes(2) if octets > 255 else b"\x81" + bytes([octets])


def revocation_list(
    by: Issued,
    revoked: Iterable[Issued] = (),
    *,
    since: datetime,
    until: datetime,
    revoked_on: datetime = LONG_AGO,
    signed_by: Key | None = None,
    entry: Sequence[x509.ExtensionType] = (),
    extras: Extras = (),
    digest: Digest | None = None,
    key_id: bool = True,
) -> x509.CertificateRevocationList:
    """What `by` has revoked on `revoked_on`."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject).last_update(since)
    builder = builder.next_update(until).add_extension(x509.CRLNumber(1), critical=False)
    if key_id:
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        builder = builder.add_extension(own, critical=False)
    for extension, critical in extras:
        builder = builder.add_extension(extension, critical=critical)
    for each in revoked:
        line = (
            x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number).revocation_date(revoked_on)
        )
        for said in entry:
            line = line.add_extension(said, critical=False)
        builder = builder.add_revoked_certificate(line.build())
    return builder.sign(signed_by or by.key, digest or hashes.SHA256())


def install(
    folder: Path,
    *anchors: Issued,
    intermediates: Sequence[Issued] = (),
    lists: Sequence[x509.CertificateRevocationList] = (),
) -> Path:
    """A trust folder, half of it in PEM and half in DER."""
    for place, many in ((folder, anchors), (folder / "intermediates", intermediates)):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, each in enumerate(many):
            written = (f"{number}.pem", each.pem) if number % 2 == 0 else (f"{number}.cer", each.der)
            _write(place / written[0], written[1])
    (folder / "crl").mkdir(mode=0o700, exist_ok=True)
    for number, crl in enumerate(lists):
        form = Encoding.DER if number % 2 == 0 else Encoding.PEM
        _write(folder / "crl" / f"{number}.crl", crl.public_bytes(form))
    return folder


def _write(file: Path, octets: bytes) -> None:
    file.write_bytes(octets)
    file.chmod(0o600)
