"""The bytes of a holding that may be opened, as a stream: whole and checked to its last byte, or a range of them.

Both are authentic or raise: each sealed chunk is opened under its key and place. A stream that ends without an error
was complete. Only the whole can be compared with the digest of what was received, and is, before it ends.
"""

import hashlib
from collections.abc import Iterator

from repository.opening import Admitted
from repository.runtime import Archive
from storage.errors import ObjectMissing, SealBroken
from storage.sealing.pack import SealedMember


def whole(archive: Archive, admitted: Admitted) -> Iterator[bytes]:
    """All bytes; raises `SealBroken` at the end, after the last of them, if they are not what was received."""
    holding, digest, size = admitted.found.holding, hashlib.sha256(), 0
    key, member = _place(archive, admitted)
    for piece in archive.vault.open(key, member, warrant=admitted.warrant):
        digest.update(piece)
        size += len(piece)
        yield piece
    if size != holding.size or digest.digest() != holding.sha256:
        raise SealBroken(key=key, reason="it opens, and is not what was received")


def part(archive: Archive, admitted: Admitted, *, offset: int, length: int) -> Iterator[bytes]:
    """`length` bytes from `offset`, both within the holding; only the chunks that they touch are read and opened."""
    key, member = _place(archive, admitted)
    return archive.vault.open_range(key, member, offset=offset, length=length, warrant=admitted.warrant)


def _place(archive: Archive, admitted: Admitted) -> tuple[str, SealedMember]:
    holding = admitted.found.holding
    pack = archive.catalogue.pack(admitted.found.takeover.number, holding.location.object_id)
    if pack is None:
        raise ObjectMissing(key=holding.location.object_id)
    return pack.key, SealedMember(holding.location.offset, holding.location.length, holding.sealed_sha256)
