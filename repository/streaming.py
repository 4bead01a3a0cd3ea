"""The bytes of a holding that may be opened, as a stream: whole and checked to its last byte, or a range of them.

Both are authentic or raise: each sealed chunk is opened under its key and place. A stream that ends without an error
was complete. Only the whole can be compared with the digest of what was received, and is, before it ends.
"""

import hashlib
from collections.abc import Iterator

from repository.opening import Admitted
from repository.runtime import Archive
from repository.takeover.sealing import place_of
from storage.errors import SealBroken
from storage.sealing.pack import SealedMember


def whole(archive: Archive, admitted: Admitted) -> Iterator[bytes]:
    """All bytes; raises `SealBroken` at the end, after the last of them, if they are not what was received."""
    holding, digest, size = admitted.found.holding, hashlib.sha256(), 0
    key, member = _place(admitted)
    for piece in archive.vault.open(key, member, warrant=admitted.warrant):
        digest.update(piece)
        size += len(piece)
        yield piece
    if size != holding.size or digest.digest() != holding.sha256:
        raise SealBroken(key=key, reason="it opens, and is not what was received")


def part(archive: Archive, admitted: Admitted, *, offset: int, length: int) -> Iterator[bytes]:
    """`length` bytes from `offset`, both within the holding; only the chunks that they touch are read and opened."""
    key, member = _place(admitted)
    return archive.vault.open_range(key, member, offset=offset, length=length, warrant=admitted.warrant)


def _place(admitted: Admitted) -> tuple[str, SealedMember]:
    """As the holding's own row and record say. The pack's row says nothing more, so that one which is lost takes no
    bytes from anybody: `verify` names it, and what lies in the store is opened and checked as ever."""
    return place_of(admitted.found.takeover, admitted.found.holding)
