"""Header objects looked at: derived from what is kept, and never the truth (`repository/headers`)."""

from hashlib import sha256

from repository.catalogue.images import SeriesHeader
from repository.findings import Finding
from repository.upkeep.checking import Level
from storage.digests import pieces
from storage.errors import ObjectMissing, SealBroken
from storage.objects.port import ObjectStore


def header_fault(store: ObjectStore, header: SeriesHeader, *, takeover: str, level: Level) -> Finding | None:
    """A finding where the object is not there, has another size or, from level `sealed` on, other bytes. Needs no key;
    whoever opens it learns more, and makes it again. Raises what the store raises."""
    broken = Finding("VFY-HEADERS", f"{takeover}/headers/{header.key.rpartition('/')[2]}")
    try:
        if store.stat(header.key).size != header.size:
            return broken
        if level is Level.EXISTS:
            return None
        digest = sha256()
        with store.open(header.key, offset=header.offset, length=header.length) as stream:
            for piece in pieces(stream):
                digest.update(piece)
    except (ObjectMissing, SealBroken):
        return broken
    return None if digest.digest() == header.sealed_sha256 else broken
