"""The evidence log: what was kept, when, and that nobody has changed it since, provable without the archive.

Owns the Merkle tree (RFC 6962 §2), its tiles and checkpoints (C2SP tlog-tiles, tlog-checkpoint, signed-note), the
canonical records behind its entries, and proof files (C2SP tlog-proof). It never sees a patient, a document or the
catalogue's tables: entries come to it as 32-byte digests. For strangers who check a proof: docs/proofs.md.
"""
