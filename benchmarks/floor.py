"""The physical floor: one process that reads, hashes, encrypts and writes one big file with one fsync."""

import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def floor(folder: Path, target: Path) -> int:
    """Every file of `folder`, in order, SHA-256 and AES-256-GCM, into `target`; how many bytes were read."""
    cipher, total = AESGCM(AESGCM.generate_key(256)), 0
    with target.open("wb") as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                total += len(content)
                out.write(hashlib.sha256(content).digest())
                out.write(cipher.encrypt(os.urandom(12), content, None))
        out.flush()
        os.fsync(out.fileno())
    return total


def sha256_rate(size: int = 1 << 28) -> float:
    """Bytes a second that one core hashes, in pieces of 1 MiB."""
    import time

    block = bytes(1 << 20)
    digest, began = hashlib.sha256(), time.perf_counter()
    for _ in range(size >> 20):
        digest.update(block)
    return size / (time.perf_counter() - began)
