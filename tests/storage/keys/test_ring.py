"""The key ring: what opens it, what does not, what it refuses, and what a crash leaves."""

import json
import os
import stat
import uuid
from pathlib import Path

import pytest

from storage.errors import (
    KeyRingDamaged,
    KeyRingExists,
    KeyRingExposed,
    KeyRingMissing,
    KeyUnavailable,
    SealBroken,
    SecretFileForbidden,
    WrongPassphrase,
)
from storage.keys.protection import by_key_file, by_passphrase, new_key_file
from storage.keys.ring import KeyRing, read_private
from tests.builders.unprivileged import Unprivileged

ARCHIVE = uuid.UUID(int=7)
PASSPHRASE = "zażółć gęślą jaźń".encode()
CHEAP = 64  # KiB for Argon2id: these tests are about the ring, not about its cost


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.create(
        tmp_path / "ring.json", archive=ARCHIVE, protection=by_passphrase(PASSPHRASE, memory_kib=CHEAP)
    )


def test_a_ring_opens_with_its_passphrase_and_gives_the_same_keys(ring: KeyRing) -> None:
    wrapped = ring.wrap(bytes(32), context=b"place")
    again = KeyRing.load(ring.path, secret=PASSPHRASE)
    assert again.unwrap(wrapped, epoch=1, context=b"place") == bytes(32)
    assert (again.archive, again.signing_seed()) == (ARCHIVE, ring.signing_seed())


def test_a_key_file_opens_a_ring_too(tmp_path: Path) -> None:
    content = new_key_file()
    ring = KeyRing.create(tmp_path / "ring.json", archive=ARCHIVE, protection=by_key_file(content))
    assert KeyRing.load(ring.path, secret=content.strip() + b"\r\n").signing_seed() == ring.signing_seed()
    with pytest.raises(WrongPassphrase):
        KeyRing.load(ring.path, secret=new_key_file())
    with pytest.raises(WrongPassphrase):
        KeyRing.load(ring.path, secret=b"not a key file")


def test_a_wrong_passphrase_is_told_from_damage(ring: KeyRing) -> None:
    with pytest.raises(WrongPassphrase):
        KeyRing.load(ring.path, secret=PASSPHRASE + b"x")


def test_a_file_that_may_not_be_read_is_not_called_damaged(ring: KeyRing) -> None:
    ring.path.chmod(0)
    with Unprivileged(), pytest.raises(SecretFileForbidden, match="EACCES") as told:
        KeyRing.load(ring.path, secret=PASSPHRASE)
    assert "account" in told.value.advice.en
    assert "backup" not in told.value.advice.en
    ring.path.unlink()
    ring.path.mkdir()
    with pytest.raises(SecretFileForbidden, match="EISDIR"):
        read_private(ring.path)


def test_a_ring_that_others_can_read_is_refused(ring: KeyRing) -> None:
    assert stat.S_IMODE(ring.path.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o660):
        ring.path.chmod(mode)
        with pytest.raises(KeyRingExposed):
            KeyRing.load(ring.path, secret=PASSPHRASE)


def test_a_missing_ring_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyRingMissing, match=r"nowhere\.json"):
        KeyRing.load(tmp_path / "nowhere.json", secret=PASSPHRASE)


def test_a_ring_is_never_overwritten(ring: KeyRing) -> None:
    before = ring.path.read_bytes()
    with pytest.raises(KeyRingExists):
        KeyRing.create(ring.path, archive=ARCHIVE, protection=by_key_file(new_key_file()))
    with pytest.raises(KeyRingExists):
        ring.back_up(ring.path)
    assert ring.path.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.clear(),
        lambda d: d.update(format="another"),
        lambda d: d.update(archive="zz"),
        lambda d: d["protection"].update(kind="unknown"),
        lambda d: d["protection"].update(memory_kib=1 << 40),
        lambda d: d["protection"].update(memory_kib=1),
        lambda d: d["roots"].update(x=d["roots"]["1"]),
        lambda d: d.update(roots=[]),
        lambda d: d.update(roots={}),
        lambda d: d["signing"].update(sealed="00"),
        lambda d: d["signing"].update(sealed=d["roots"]["1"]["sealed"]),
        lambda d: d["roots"]["1"].update(nonce=d["signing"]["nonce"]),
        lambda d: d["roots"].update({"2": d["roots"]["1"]}),
    ],
)
def test_a_changed_ring_is_refused(ring: KeyRing, spoil) -> None:  # type: ignore[no-untyped-def]
    document = json.loads(ring.path.read_bytes())
    spoil(document)
    ring.path.write_text(json.dumps(document))
    with pytest.raises(KeyRingDamaged):
        KeyRing.load(ring.path, secret=PASSPHRASE)


def test_keys_of_another_archive_do_not_open(ring: KeyRing) -> None:
    document = json.loads(ring.path.read_bytes())
    document["archive"] = uuid.UUID(int=8).hex
    ring.path.write_text(json.dumps(document))
    with pytest.raises(WrongPassphrase):
        KeyRing.load(ring.path, secret=PASSPHRASE)


def test_what_is_wrapped_for_one_place_does_not_unwrap_for_another(ring: KeyRing) -> None:
    wrapped = ring.wrap(os.urandom(32), context=b"here")
    with pytest.raises(SealBroken):
        ring.unwrap(wrapped, epoch=1, context=b"there")


def test_a_new_epoch_is_active_at_once_and_after_loading(ring: KeyRing) -> None:
    old = ring.wrap(bytes(32), context=b"c")
    assert ring.add_epoch() == ring.active_epoch == 2
    again = KeyRing.load(ring.path, secret=PASSPHRASE)
    assert list(again.epochs) == [1, 2]
    assert again.unwrap(old, epoch=1, context=b"c") == bytes(32)


def test_a_destroyed_epoch_opens_nothing(ring: KeyRing) -> None:
    old = ring.wrap(bytes(32), context=b"c")
    ring.add_epoch()
    ring.destroy_epoch(1)
    for held in (ring, KeyRing.load(ring.path, secret=PASSPHRASE)):
        with pytest.raises(KeyUnavailable):
            held.unwrap(old, epoch=1, context=b"c")
    with pytest.raises(ValueError, match="active"):
        ring.destroy_epoch(2)


def test_a_backup_opens_under_its_own_protection(ring: KeyRing, tmp_path: Path) -> None:
    content = new_key_file()
    ring.back_up(tmp_path / "copy.json", protection=by_key_file(content))
    ring.back_up(tmp_path / "same.json")
    assert KeyRing.load(tmp_path / "copy.json", secret=content).signing_seed() == ring.signing_seed()
    assert KeyRing.load(tmp_path / "same.json", secret=PASSPHRASE).signing_seed() == ring.signing_seed()
    assert ring.protected_by == "passphrase"


def test_a_leftover_of_an_interrupted_write_does_no_harm(ring: KeyRing) -> None:
    (ring.path.parent / (ring.path.name + ".new")).write_bytes(b"half")
    ring.add_epoch()
    assert KeyRing.load(ring.path, secret=PASSPHRASE).active_epoch == 2


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(ValueError, match="short"):
        by_passphrase(b"too short")
