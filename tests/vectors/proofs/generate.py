"""Makes the proof vectors beside this file: `python -m tests.vectors.proofs.generate`. The same bytes every time."""

import hashlib
from pathlib import Path

from repository.evidence.checkpoint import origin_of
from repository.evidence.log import EvidenceLog
from repository.evidence.note import Signer
from repository.evidence.record import custody_record, entry, holding_record
from storage.objects.memory import MemoryStore
from tests.repository.evidence.ledger import Ledger

HERE = Path(__file__).parent
ARCHIVE = "0197c5b0-0000-7000-8000-000000000001"
TAKEOVER = "0197c5b0-0000-7000-8000-000000000002"
DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?>\n<note>Karta informacyjna — dokument próbny</note>\n'.encode()
POSITION = 5


def seeded(label: str, size: int = 32) -> bytes:
    """Bytes that look random and are not: for vectors only."""
    return hashlib.sha256(b"edm-archive proof vector " + label.encode()).digest()[:size]


def vectors() -> dict[str, bytes]:
    """File name → content: a document, its proof in a log of seven, the proof of an event, and the public key."""
    shared = {"archive": ARCHIVE, "takeover": TAKEOVER, "at": "2026-03-02T09:30:00Z"}
    holding = holding_record(
        **shared,
        ordinal=POSITION,
        kind="xml",
        size=len(DOCUMENT),
        sha256=hashlib.sha256(DOCUMENT).digest(),
        sealed_sha256=seeded("sealed bytes"),
        object_id="0197c5b0-0000-7000-8000-000000000003",
        offset=128,
        length=len(DOCUMENT) + 48,
        facts=b"{}",
        salt=seeded("holding salt", 16),
    )
    event = custody_record(
        **shared,
        ordinal=0,
        event="ingestion end",
        outcome="success",
        facts=b"accepted",
        salt=seeded("event salt", 16),
    )
    ledger = Ledger([seeded(f"entry {number}") for number in range(POSITION)] + [entry(holding), entry(event)])
    signer = Signer(name=origin_of(ARCHIVE), seed=seeded("signing key"))
    log = EvidenceLog(MemoryStore(), signer, origin=signer.name, entries=ledger)
    log.publish()
    return {
        "document.xml": DOCUMENT,
        "document.xml.tlog-proof": log.prove_record(holding, POSITION),
        "event.tlog-proof": log.prove_record(event, POSITION + 1),
        "archive.vkey": f"{signer.verifier}\n".encode(),
    }


if __name__ == "__main__":
    for name, content in vectors().items():
        (HERE / name).write_bytes(content)
