"""What holds a root key: a local ring today; a PKCS#11 token or a transit service fit behind the same two verbs.

A provider has epochs, counted from 1. It wraps under the active epoch only, and unwraps under every epoch that it
still holds. `context` is authenticated with the secret: what was wrapped for one place does not unwrap for another.
"""

from collections.abc import Sequence
from typing import Protocol


class KeyProvider(Protocol):
    @property
    def active_epoch(self) -> int: ...

    @property
    def epochs(self) -> Sequence[int]: ...

    def wrap(self, secret: bytes, *, context: bytes) -> bytes:
        """`secret` (32 bytes) under the active epoch's root key: 60 bytes, nonce first."""
        ...

    def unwrap(self, wrapped: bytes, *, epoch: int, context: bytes) -> bytes:
        """The secret. Raises `SealBroken` if it was not wrapped so, `KeyUnavailable` if the epoch is gone."""
        ...

    def add_epoch(self) -> int:
        """A new root key, durable and active when this returns its epoch."""
        ...

    def destroy_epoch(self, epoch: int) -> None:
        """The root key of a past epoch is gone from the provider when this returns."""
        ...
