"""The published test vector opens twice: by the archive, and by a second reader written from FORMAT.md alone."""

import hashlib
import hmac
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys.record_keys import RecordKeys
from storage.keys.ring import KeyRing
from storage.objects.memory import MemoryStore
from storage.sealing.pack import SealedMember
from storage.vault import Vault
from tests.builders.warrants import EVERY

FILE = Path(__file__).parents[2] / "vectors" / "sealed-v1.json"


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_bytes())
    return found


def test_the_archive_opens_the_vector(vector: dict[str, Any], tmp_path: Path) -> None:
    ring_file = tmp_path / "ring.json"
    ring_file.touch(mode=0o600)
    ring_file.write_text(json.dumps(vector["key_ring"]))
    ring = KeyRing.load(ring_file, secret=vector["key_file"].encode())
    store = MemoryStore()
    for name in ("key_object", "pack"):
        store.put(vector[name]["name"], [bytes.fromhex(vector[name]["content"])])
    vault = Vault(store, RecordKeys(store, ring, archive=ring.archive), archive=ring.archive)
    key = vector["pack"]["name"]
    for member in vector["members"]:
        place = SealedMember(member["offset"], member["length"], bytes.fromhex(member["sha256"]))
        assert b"".join(vault.open(key, place, warrant=EVERY)).hex() == member["plain"]
    told = vault.inscription(key, size=len(vector["pack"]["content"]) // 2)
    assert (told.text.decode(), told.pack.frame_sha256.hex()) == (vector["description"], vector["frame_sha256"])


def expand(key: bytes, info: bytes, length: int, *, algorithm: str) -> bytes:
    """HKDF-Expand (RFC 5869 §2.3)."""
    block, out, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([counter]), algorithm).digest()
        out, counter = out + block, counter + 1
    return out[:length]


def open_message(key: bytes, context: bytes, message: bytes) -> bytes:
    """C2SP chunked encryption, AES-256-GCM, HKDF-Expand-SHA-512."""
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + message[:24] + context
    derived = expand(key, info, 76, algorithm="sha512")
    assert derived[44:] == message[24:56]
    chunks = [message[at : at + 16_400] for at in range(56, len(message), 16_400)]
    assert len(chunks[-1]) < 16_400
    base = int.from_bytes(derived[32:44], "big")
    return b"".join(
        AESGCM(derived[:32]).decrypt((base ^ number).to_bytes(12, "big"), chunk, None)
        for number, chunk in enumerate(chunks)
    )


def test_a_second_reader_opens_the_vector_from_the_format_alone(vector: dict[str, Any]) -> None:
    ring, archive = vector["key_ring"], bytes.fromhex(vector["key_ring"]["archive"])
    prk = hmac.new(bytes(32), vector["key_file"].encode(), "sha256").digest()  # HKDF-Extract without salt
    ring_key = expand(prk, b"edm-archive key file 1", 32, algorithm="sha256")
    sealed = ring["roots"]["1"]
    bound = b"edm-archive key ring 1\0" + archive + b"\0root/1"
    root = AESGCM(ring_key).decrypt(bytes.fromhex(sealed["nonce"]), bytes.fromhex(sealed["sealed"]), bound)

    key_object = bytes.fromhex(vector["key_object"]["content"])
    record_key = AESGCM(root).decrypt(key_object[44:56], key_object[56:], key_object[:44])

    pack = bytes.fromhex(vector["pack"]["content"])
    data_key = AESGCM(record_key).decrypt(pack[56:68], pack[68:116], pack[:56])
    object_id = uuid.UUID(hex=vector["pack"]["name"].rpartition("/")[2]).bytes

    def context(offset: int, role: int) -> bytes:
        return b"edm-archive sealed 1\0" + archive + object_id + offset.to_bytes(8, "big") + bytes([role])

    for member in vector["members"]:
        message = pack[member["offset"] :][: member["length"]]
        assert hashlib.sha256(message).hexdigest() == member["sha256"]
        assert open_message(data_key, context(member["offset"], 1), message).hex() == member["plain"]
    tail = pack[-32:]
    at, length, count = (int.from_bytes(tail[start : start + 8], "big") for start in (8, 16, 24))
    assert (tail[:8], count) == (b"EDMTAIL\x01", len(vector["members"]))
    assert open_message(data_key, context(at, 2), pack[at : at + length]).decode() == vector["description"]
    assert hashlib.sha256(pack[:128] + tail).hexdigest() == vector["frame_sha256"]
