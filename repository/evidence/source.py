"""What the log needs of the catalogue: the entries in their order, and a memory of what was signed."""

from collections.abc import Sequence
from typing import Protocol


class EntrySource(Protocol):
    """Entries are 32-byte digests with the indexes 0, 1, 2, … without gaps; none is ever changed or taken away."""

    def size(self) -> int:
        """How many entries are committed. Never less than it was."""
        ...

    def entries(self, start: int, stop: int) -> Sequence[bytes]:
        """The entries of `[start, stop)`, in order."""
        ...

    def last_checkpoint(self) -> bytes | None:
        """The note of the largest checkpoint noted so far."""
        ...

    def note_checkpoint(self, size: int, root: bytes, note: bytes) -> None:
        """Keep a signed checkpoint. The same one may come twice, and a smaller one after a larger one."""
        ...
