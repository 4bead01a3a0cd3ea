"""Sealing: bytes in, sealed members and packs out, and back (`storage/FORMAT.md`)."""
