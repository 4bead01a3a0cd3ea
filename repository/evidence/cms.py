"""Detached CMS signatures (RFC 5652; CAdES-BES is one): who signed, and over which bytes exactly.

What is read: one `SignedData` in DER, its signers, their signed attributes. Chains, time stamps and revocation are
not: they are kept as they came, for those who have the trusted lists.
"""

from dataclasses import dataclass
from hashlib import new as new_hash

from repository.evidence import der

SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_PSS = "1.2.840.113549.1.1.10"
_SIGNATURES = {  # OID → the digest that it names, empty where the signer names it elsewhere
    "1.2.840.113549.1.1.1": "",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    _PSS: "",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """`signed`: the bytes that the signature is over; they commit to the content. `issuer` (DER) and `serial` name the
    certificate; `issuer` is empty where the signer names it by a key identifier."""

    issuer: bytes
    serial: int
    digest: str
    pss: bool
    signed: bytes
    signature: bytes


def is_cms(data: bytes) -> bool:
    """Whether these bytes are meant to be CMS: a raw ECDSA signature is DER as well, but starts with a number."""
    try:
        first = next(der.values(der.only(data, der.SEQUENCE).content))
    except (ValueError, StopIteration):
        return False
    return first.tag == der.OID


def signers(data: bytes, content: bytes) -> list[Signer]:
    """Those who signed `content`. Raises `ValueError` for anything else: another content, an unknown algorithm."""
    kind, wrapped = der.inside(der.only(data, der.SEQUENCE), der.SEQUENCE)
    if der.dotted(kind) != SIGNED_DATA:
        raise ValueError("not signed data")
    (value,) = der.inside(wrapped, der.context(0))
    _version, _digests, enclosed, *rest = der.inside(value, der.SEQUENCE)
    content_type, *inner = der.inside(enclosed, der.SEQUENCE)
    if inner:
        (carried,) = der.inside(inner[0], der.context(0))
        if carried.tag != der.OCTETS or carried.content != content:
            raise ValueError("it carries another content")
    return [_signer(each, content, content_type.whole) for each in der.inside(rest[-1], der.SET)]


def _signer(value: der.Value, content: bytes, content_type: bytes) -> Signer:
    _version, who, digest, *rest = der.inside(value, der.SEQUENCE)
    issuer, serial = _named(who)
    name = _DIGESTS[_algorithm(digest)]
    signed = content
    if rest[0].tag == der.context(0):
        signed = _attributes(rest.pop(0), content, content_type, name)
    algorithm, signature, *_unsigned = rest
    oid = _algorithm(algorithm)
    if signature.tag != der.OCTETS or _SIGNATURES[oid] not in {"", name}:
        raise ValueError("no signature, or its digest is another one")
    return Signer(issuer, serial, name, oid == _PSS, signed, signature.content)


def _named(who: der.Value) -> tuple[bytes, int]:
    if who.tag != der.SEQUENCE:
        return b"", 0
    issuer, serial = der.inside(who, der.SEQUENCE)
    return issuer.whole, int.from_bytes(serial.content, signed=True)


def _algorithm(value: der.Value) -> str:
    found = der.dotted(der.inside(value, der.SEQUENCE)[0])
    if found not in _DIGESTS and found not in _SIGNATURES:
        raise ValueError("an unknown algorithm")
    return found


def _attributes(value: der.Value, content: bytes, content_type: bytes, digest: str) -> bytes:
    """The signed attributes as they are signed: under the tag of a SET (RFC 5652 5.4). They name this content."""
    said: dict[str, bytes] = {}
    for attribute in der.inside(value, der.context(0)):
        kind, held = der.inside(attribute, der.SEQUENCE)
        one, *more = der.inside(held, der.SET)
        if more or der.dotted(kind) in said:
            raise ValueError("an attribute twice")
        said[der.dotted(kind)] = one.whole
    if said.get(_CONTENT_TYPE) != content_type:
        raise ValueError("another content type")
    wanted = new_hash(digest, content).digest()
    if der.only(said[_MESSAGE_DIGEST], der.OCTETS).content != wanted:
        raise ValueError("it is over another content")
    return bytes([der.SET]) + value.whole[1:]
