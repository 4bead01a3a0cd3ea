"""The key of one upload, sealed under the key ring beside what it seals.

`key` is a small secret (`storage.keys.small_secrets`) of 64 bytes: 32 of the key, and the SHA-256 of what was told when
the upload began. So whose it is, how large and with which digest, cannot be changed on the disk either.
"""

import hashlib
from pathlib import Path

from repository.uploads.errors import UploadDamaged
from storage.errors import KeyRingMissing, KeyUnavailable, SealBroken
from storage.keys.ring import read_private, write_private
from storage.keys.small_secrets import SmallSecrets, epoch_of
from storage.sealing.segments import new_segment_key

KEY = "key"
_LENGTH = 32


def make_key(place: Path, about: bytes, *, secrets: SmallSecrets) -> None:
    """The upload in the folder `place` has a key that nobody had before, durable. OSError where the disk says no."""
    secret = new_segment_key() + hashlib.sha256(about).digest()
    write_private(place / KEY, secrets.seal(secret, place=_bound(place)))


def open_key(place: Path, about: bytes, *, secrets: SmallSecrets) -> bytes:
    """Raises `UploadDamaged` where there is none, it does not open, or `about` was changed, and `KeyUnavailable` where
    the key ring has not the root key that it lies under."""
    try:
        secret = secrets.open(read_private(place / KEY), place=_bound(place))
    except (KeyRingMissing, SealBroken):
        raise UploadDamaged from None
    if secret[_LENGTH:] != hashlib.sha256(about).digest():
        raise UploadDamaged
    return secret[:_LENGTH]


def reseal_key(place: Path, *, secrets: SmallSecrets) -> bool:
    """The key lies under the active root key; whether it had to be moved. One that does not open stays
    as it is: its upload is damaged, and says so itself."""
    try:
        sealed = read_private(place / KEY)
        if epoch_of(sealed) == secrets.active_epoch:
            return False
        secret = secrets.open(sealed, place=_bound(place))
    except (KeyUnavailable, SealBroken):
        return False
    write_private(place / KEY, secrets.seal(secret, place=_bound(place)))
    return True


def _bound(place: Path) -> bytes:
    return b"upload\0" + place.name.encode()
