"""The bytes of a holding that may be opened, as a stream: whole and checked to its last byte, or a range of them.

Both are authentic or raise: each sealed chunk is opened under its key and place. A stream that ends without an error
was complete. Only the whole can be compared with the digest of what was received, and is, before its last piece.
"""

import hashlib
from collections.abc import Callable, Iterator

from repository.domain.holding import Holding
from repository.opening import Admitted
from repository.runtime import Archive
from repository.takeover.sealing import place_of
from storage.digests import Aside
from storage.errors import SealBroken
from storage.sealing.pack import SealedMember


def whole(archive: Archive, admitted: Admitted) -> Iterator[bytes]:
    """All bytes. Raises `SealBroken` before the last of them if they are not what was received."""
    key, member = _place(admitted)
    pieces = archive.vault.open(key, member, warrant=admitted.warrant)
    return checked(pieces, admitted.found.holding, key=key, hashing=archive.vault.hashing)


def checked(pieces: Iterator[bytes], holding: Holding, *, key: str, hashing: Aside) -> Iterator[bytes]:
    """`pieces`, hashed while the next is made. The last of them waits until all are known to be what was received:
    else `SealBroken`, and whoever takes them has not got as many bytes as the holding has."""
    digest, size, held = hashlib.sha256(), 0, b""
    hashed: Callable[[], object] = digest.digest
    for piece in pieces:
        hashed()
        hashed = hashing.update(digest, piece)
        size += len(piece)
        if held:
            yield held
        held = piece
    hashed()
    if size != holding.size or digest.digest() != holding.sha256:
        raise SealBroken(key=key, reason="it opens, and is not what was received")
    if held:
        yield held


def part(archive: Archive, admitted: Admitted, *, offset: int, length: int) -> Iterator[bytes]:
    """`length` bytes from `offset`, both within the holding; only the chunks that they touch are read and opened."""
    key, member = _place(admitted)
    return archive.vault.open_range(key, member, offset=offset, length=length, warrant=admitted.warrant)


def _place(admitted: Admitted) -> tuple[str, SealedMember]:
    """As the holding's own row and record say. The pack's row says nothing more, so that one which is lost takes no
    bytes from anybody: `verify` names it, and what lies in the store is opened and checked as ever."""
    return place_of(admitted.found.takeover, admitted.found.holding)
