"""Small secrets open for their place, their archive and their keys, and for nothing else."""

import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import KeyUnavailable, SealBroken
from storage.keys.ring import KeyRing
from storage.keys.small_secrets import LARGEST, MAGIC, SmallSecrets, epoch_of
from tests.builders.rings import ARCHIVE, key_ring

HEAD, WRAPPED, NONCE, TAG = 13, 60, 12, 16


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return key_ring(tmp_path)


@pytest.fixture
def secrets(ring: KeyRing) -> SmallSecrets:
    return SmallSecrets(ring, archive=ARCHIVE)


quietly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@quietly
@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_opens_is_what_was_sealed(secrets: SmallSecrets, secret: bytes, place: bytes) -> None:
    sealed = secrets.seal(secret, place=place)
    assert secrets.open(sealed, place=place) == secret
    assert len(sealed) == HEAD + WRAPPED + NONCE + len(secret) + TAG
    assert sealed.startswith(MAGIC + (1).to_bytes(4))
    assert len(secret) < 4 or secret not in sealed


@quietly
@given(st.data())
def test_one_changed_bit_anywhere_is_noticed(secrets: SmallSecrets, data: st.DataObject) -> None:
    sealed = bytearray(secrets.seal(b"twenty bytes of codes", place=b"here"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(KeyUnavailable if len(MAGIC) <= at < HEAD else SealBroken):  # of another root key
        secrets.open(bytes(sealed), place=b"here")


def test_one_cut_short_is_noticed_at_every_length(secrets: SmallSecrets) -> None:
    sealed = secrets.seal(b"secret", place=b"here")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            secrets.open(sealed[:length], place=b"here")


def test_another_place_and_another_archive_open_nothing(ring: KeyRing, secrets: SmallSecrets) -> None:
    sealed = secrets.seal(b"secret", place=b"here")
    with pytest.raises(SealBroken):
        secrets.open(sealed, place=b"there")
    with pytest.raises(SealBroken):
        SmallSecrets(ring, archive=uuid.UUID(int=11)).open(sealed, place=b"here")


def test_a_secret_is_sealed_under_the_active_key_and_gone_with_it(ring: KeyRing, secrets: SmallSecrets) -> None:
    first = secrets.seal(b"secret", place=b"here")
    ring.add_epoch()
    second = secrets.seal(b"secret", place=b"here")
    assert (epoch_of(first), epoch_of(second)) == (1, 2)
    assert secrets.open(first, place=b"here") == secrets.open(second, place=b"here")
    ring.destroy_epoch(1)
    with pytest.raises(KeyUnavailable):
        secrets.open(first, place=b"here")
    assert secrets.open(second, place=b"here") == b"secret"


def test_what_is_too_large_is_refused(secrets: SmallSecrets) -> None:
    assert secrets.open(secrets.seal(b"x" * LARGEST, place=b""), place=b"") == b"x" * LARGEST
    with pytest.raises(ValueError, match="small"):
        secrets.seal(b"x" * (LARGEST + 1), place=b"")
