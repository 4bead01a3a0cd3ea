"""Signed JSON: a canonical value with an Ed25519 signature over it, by the key that signs the log's checkpoints.

The purpose is signed along, so that a signature made for one kind of paper can never be shown for another, and none of
them for a checkpoint (a checkpoint's text never holds a zero byte).
"""

from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from repository.canonical import NotCanonical, canonical, parse
from repository.evidence.errors import PaperForged


def signed(value: dict[str, Any], *, purpose: str, seed: bytes) -> bytes:
    """`value` under the name of its purpose with its signature, canonical: what is handed out and kept."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return canonical(
        {
            purpose: value,
            "signature": {
                "algorithm": "Ed25519",
                "public_key": key.public_key().public_bytes_raw().hex(),
                "value": key.sign(_text(value, purpose)).hex(),
            },
        }
    )


def opened(paper: bytes, *, purpose: str, public_key: bytes) -> dict[str, Any]:
    """The value inside. Raises `PaperForged` unless `public_key` signed exactly this value for this purpose."""
    try:
        parts = parse(paper)
        value, signature = parts[purpose], bytes.fromhex(parts["signature"]["value"])
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _text(value, purpose))
    except (NotCanonical, InvalidSignature, KeyError, TypeError, ValueError) as error:
        raise PaperForged(purpose=purpose) from error
    if not isinstance(value, dict):
        raise PaperForged(purpose=purpose)
    return value


def _text(value: dict[str, Any], purpose: str) -> bytes:
    return b"edm-archive signed " + purpose.encode() + b" 1\0" + canonical(value)
