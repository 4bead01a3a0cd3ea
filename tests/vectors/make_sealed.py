"""Makes tests/vectors/sealed-v1.json: run `python -m tests.vectors.make_sealed` when the format gets a new version.

Salts and nonces are random, so the file is made once and kept; the tests open what lies in it.
"""

import json
import tempfile
import uuid
from pathlib import Path

from storage.keys.protection import by_key_file
from storage.keys.record_keys import RecordKeys, key_object_name
from storage.keys.ring import KeyRing
from storage.objects.memory import MemoryStore
from storage.vault import Vault

FILE = Path(__file__).with_name("sealed-v1.json")
ARCHIVE = uuid.UUID("01900000-0000-7000-8000-000000000001")
KEY_FILE = b"00112233445566778899aabbccddeeff" * 2
MEMBERS = (b"", b"edm", bytes(range(256)) * 64, b"\xa5" * 20_000)


def main() -> None:
    store = MemoryStore()
    with tempfile.TemporaryDirectory() as folder:
        ring = KeyRing.create(Path(folder) / "ring.json", archive=ARCHIVE, protection=by_key_file(KEY_FILE))
        document = json.loads(ring.path.read_bytes())
    keys = RecordKeys(store, ring, archive=ARCHIVE)
    record_key = keys.make()
    vault = Vault(store, keys, archive=ARCHIVE)
    folder_name = "takeovers/01900000-0000-7000-8000-000000000002"
    stored = vault.put(
        folder_name, record_key, sources=[[m] for m in MEMBERS], describe=lambda _i, _m: b'{"v":1}', whole=True
    )

    def content(key: str) -> str:
        with store.open(key) as stream:
            return stream.read().hex()

    vector = {
        "format": "edm-archive sealed 1",
        "key_file": KEY_FILE.decode(),
        "key_ring": document,
        "key_object": {
            "name": key_object_name(record_key.id, 1),
            "content": content(key_object_name(record_key.id, 1)),
        },
        "pack": {"name": stored.key, "content": content(stored.key)},
        "members": [
            {"offset": place.offset, "length": place.length, "sha256": place.sha256.hex(), "plain": plain.hex()}
            for place, plain in zip(stored.members, MEMBERS, strict=True)
        ],
        "description": '{"v":1}',
        "frame_sha256": stored.pack.frame_sha256.hex(),
    }
    FILE.write_text(json.dumps(vector, indent=1) + "\n")


if __name__ == "__main__":
    main()
