"""The log against itself, and against what others know of it: finds what is wrong, by name.

First the checkpoints: each that lies in the store, the one the catalogue noted, the one an outsider kept, and the
chain of settled successors. Each says which root belongs to which size. Then `walk` computes the tree anew.
"""

from collections.abc import Iterator, Sequence

from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.errors import LogDamaged, NoteError
from repository.evidence.note import Verifier
from repository.evidence.shelf import Shelf
from repository.evidence.source import EntrySource
from repository.evidence.tiles import CHECKPOINTS, checkpoint_key, checkpoint_size, claim_key
from repository.evidence.walk import Statement, Walk, about
from repository.findings import Finding
from storage.errors import ObjectMissing

NOTED = "catalogue"
KNOWN = "known"


class Audit:
    """One run over one log."""

    def __init__(self, shelf: Shelf, source: EntrySource, *, origin: str, verifiers: Sequence[Verifier]) -> None:
        self._shelf = shelf
        self._source = source
        self._origin = origin
        self._verifiers = verifiers
        self._statements: dict[int, list[Statement]] = {}
        self._named: set[int] = set()  # sizes under which a checkpoint lies, good or not
        self._signed: set[int] = set()  # sizes for which partial tiles must be there

    def run(self, *, known: bytes | None = None) -> Iterator[Finding]:
        noted = self._source.last_checkpoint()  # before the store is listed: another signer may be at work
        yield from self._checkpoints()
        yield from self._foreign(KNOWN, known)
        yield from self._foreign(NOTED, noted)
        yield from self._succession()
        size = max(self._signed, default=0)
        if (committed := self._source.size()) < size:
            yield about("LOG-108", NOTED, catalogue=committed, signed=size)
        yield from Walk(self._shelf, self._source, statements=self._statements, signed=self._signed).run()

    def _state(self, key: str, head: TreeHead) -> None:
        self._statements.setdefault(head.size, []).append(Statement(key=key, root=head.root))

    def _checkpoints(self) -> Iterator[Finding]:
        for key in self._shelf.names(CHECKPOINTS):
            size = checkpoint_size(key)
            if size is None:
                yield about("LOG-111", key)
                continue
            self._named.add(size)
            try:
                found = self._shelf.checkpoint(size)
            except LogDamaged:
                yield about("LOG-104", key)
                continue
            self._signed.add(size)
            self._state(key, found.head)

    def _foreign(self, key: str, note: bytes | None) -> Iterator[Finding]:
        """A checkpoint kept outside the store: by the catalogue, or by whoever asks for the audit."""
        if note is None:
            return
        try:
            head = Checkpoint.opened(note, self._verifiers).head
        except NoteError:
            yield about("LOG-110", key)
            return
        if head.size > max(self._named, default=-1):
            yield about("LOG-106", key, signed=head.size, stored=max(self._signed, default=0))
            return
        if head.size in self._named:
            self._signed.add(head.size)  # an altered checkpoint in the store does not shorten the walk
        elif key == NOTED:
            yield about("LOG-103", checkpoint_key(head.size))
            self._named.add(head.size)
        self._state(key, head)

    def _succession(self) -> Iterator[Finding]:
        """Each checkpoint but the newest has one settled successor, and that one was signed.

        What is settled after the newest is not looked at: the next `publish` goes on there.
        """
        sizes = sorted(self._named)
        for size, after in zip([None, *sizes], sizes, strict=False):
            key = claim_key(size)
            try:
                head = TreeHead.parse(self._shelf.read(key))
            except ObjectMissing:
                yield about("LOG-101", key)
                continue
            except (NoteError, LogDamaged):
                yield about("LOG-102", key)
                continue
            if head != TreeHead(origin=self._origin, size=head.size, root=head.root):
                yield about("LOG-102", key)
            elif head.size == after:
                self._state(key, head)
            elif (size or 0) < head.size < after and self._settled(head.size):
                yield about("LOG-103", checkpoint_key(head.size))
            else:
                yield about("LOG-102", key)

    def _settled(self, size: int) -> bool:
        """Whether something was to follow a checkpoint over `size` entries: then there was one."""
        return any(name == claim_key(size) for name in self._shelf.names(claim_key(size)))
