"""Small secrets that are kept outside of the object store, sealed under the key ring.

A sealed secret, big-endian:

    9   magic `EDMSMALL` and the version of this format, 1
    4   epoch of the root key
    60  a random key of 32 bytes for this secret alone, wrapped by that root key (nonce 12, key, tag 16)
    12  nonce
    n   the secret, AES-256-GCM under the random key
    16  tag

Both the wrapping and the sealing authenticate magic, version, archive id (16 bytes), epoch and `place`: what was sealed
for one place in one archive opens nowhere else. The key of its own keeps to what a `KeyProvider` promises to wrap.
"""

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import SealBroken
from storage.keys.port import KeyProvider

MAGIC = b"EDMSMALL\x01"
LARGEST = 4096
_NONCE, _WRAPPED, _TAG = 12, 60, 16
_HEAD = len(MAGIC) + 4


class SmallSecrets:
    """Seals and opens under the keys of one archive."""

    def __init__(self, provider: KeyProvider, *, archive: uuid.UUID) -> None:
        self._provider, self._archive = provider, archive

    @property
    def active_epoch(self) -> int:
        return self._provider.active_epoch

    def seal(self, secret: bytes, *, place: bytes) -> bytes:
        """`secret` under the active root key, to be opened for this `place` only. ValueError over 4096 bytes."""
        if len(secret) > LARGEST:
            raise ValueError("not a small secret")
        epoch = self._provider.active_epoch
        head, key, nonce = MAGIC + epoch.to_bytes(4), os.urandom(32), os.urandom(_NONCE)
        bound = self._bound(head, place)
        return head + self._provider.wrap(key, context=bound) + nonce + AESGCM(key).encrypt(nonce, secret, bound)

    def open(self, sealed: bytes, *, place: bytes) -> bytes:
        """The secret. Raises `SealBroken` if it was not sealed so, `KeyUnavailable` if its root key is gone."""
        epoch, body = epoch_of(sealed), _HEAD + _WRAPPED
        bound = self._bound(sealed[:_HEAD], place)
        key = self._provider.unwrap(sealed[_HEAD:body], epoch=epoch, context=bound)
        try:
            return AESGCM(key).decrypt(sealed[body : body + _NONCE], sealed[body + _NONCE :], bound)
        except InvalidTag:
            raise SealBroken(key="a small secret", reason="changed, or not sealed for this place") from None

    def _bound(self, head: bytes, place: bytes) -> bytes:
        return head + self._archive.bytes + place


def epoch_of(sealed: bytes) -> int:
    """Under which root key a secret lies. Raises `SealBroken` for what is no sealed secret."""
    if len(sealed) < _HEAD + _WRAPPED + _NONCE + _TAG or not sealed.startswith(MAGIC):
        raise SealBroken(key="a small secret", reason="not a sealed secret")
    return int.from_bytes(sealed[len(MAGIC) : _HEAD])
