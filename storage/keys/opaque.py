"""Opaque tokens: what we hand to somebody and want back unchanged, without telling what it says.

A token is AES-SIV (RFC 5297) of the text, under a key that follows from a seed of the archive, and of what the token
is `bound` to. The same text for the same use makes the same token, so that it may serve as the name of a thing. It
opens in every process that has the seed, today and after a restart; nothing is kept of it.
"""

import hmac
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from storage.errors import SealBroken

_LABEL = b"edm-archive opaque tokens 1\0"
_TAG, LONGEST = 16, 4096  # bytes: of what every token begins with; of a token that is looked at


class OpaqueTokens:
    """Makes and opens the tokens of one archive. `seed`: 32 secret bytes; they serve for nothing but a derivation."""

    def __init__(self, seed: bytes, *, archive: uuid.UUID) -> None:
        self._cipher = AESSIV(hmac.digest(seed, _LABEL + archive.bytes, "sha512"))

    def make(self, text: bytes, *, bound: bytes) -> bytes:
        """The token of `text`, 16 bytes longer. ValueError for an empty text, and one that is too long."""
        if not 0 < len(text) <= LONGEST - _TAG:
            raise ValueError("not a text for a token")
        return self._cipher.encrypt(text, [bound])

    def open(self, token: bytes, *, bound: bytes) -> bytes:
        """The text. Raises `SealBroken` for what was not made here, or for another use."""
        if not _TAG < len(token) <= LONGEST:
            raise SealBroken(key="a token", reason="not a token")
        try:
            return self._cipher.decrypt(token, [bound])
        except InvalidTag:
            raise SealBroken(key="a token", reason="changed, or not made for this") from None
