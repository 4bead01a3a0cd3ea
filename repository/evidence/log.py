"""The evidence log: takes the entries of the catalogue into tiles, signs checkpoints, proves.

How an entry becomes evidence:

1. the bundles and tiles between the last checkpoint and now are stored, in ascending order, bundles first;
2. `log/next/<old size>` settles which tree follows the last checkpoint: one object, created once, so that of any
   number of signers, crashed or alive, with one catalogue or two, exactly one successor exists;
3. the tree is read back from the store: the last checkpoint must be its beginning;
4. the checkpoint is signed and stored under its size; the catalogue notes it.

A run that was cut off anywhere is taken up by the next one: what is there already is compared instead of written, and
a settled successor is signed before anything else. Bundles come first so that entries which were settled can always be
had from the store (`sequenced`), even if the catalogue is lost before they are signed.
"""

import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache

from repository.evidence import proof
from repository.evidence.audit import Audit
from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.edge import Edge
from repository.evidence.errors import (
    CatalogueBehindLog,
    LogContended,
    LogContradiction,
    LogDamaged,
    LogRolledBack,
    NoteError,
    NotInLog,
)
from repository.evidence.growth import grown
from repository.evidence.merkle import (
    consistency_proof,
    consistent,
    inclusion_proof,
    inclusion_root,
    leaf_hash,
)
from repository.evidence.note import Signer, Verifier
from repository.evidence.record import entry
from repository.evidence.recovery import sequenced
from repository.evidence.shelf import Shelf
from repository.evidence.source import EntrySource
from repository.evidence.tiles import WIDTH, checkpoint_key, claim_key, entries_key
from repository.findings import Finding
from storage.errors import ObjectMissing
from storage.objects.port import ObjectStore

MOST_ROUNDS = 16  # each lost round means that another signer got on


class EvidenceLog:
    """One archive's log. Any number of these, in any number of processes, may publish to one store.

    `verifiers` are keys that signed earlier checkpoints of this log, besides the signer's own.
    """

    def __init__(
        self,
        store: ObjectStore,
        signer: Signer,
        *,
        origin: str,
        entries: EntrySource,
        verifiers: Sequence[Verifier] = (),
    ) -> None:
        if signer.name != origin:
            raise ValueError("a log signs under its own name")
        self._signer = signer
        self._verifiers = (signer.verifier, *verifiers)
        self._shelf = Shelf(store, verifiers=self._verifiers)
        self._origin = origin
        self._source = entries
        self._checkpoint = lru_cache(maxsize=64)(self._shelf.checkpoint)
        self._edge = Edge()
        self._newest: int | None = None
        self._publishing = threading.Lock()
        self._confirmed = False

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The public keys to hand out, the present one first."""
        return self._verifiers

    def publish(self, *, up_to: int | None = None) -> Checkpoint:
        """Every entry that was committed before the call is provable under the checkpoint that this returns.

        With `up_to`, only the first so many: what comes after them is not signed by this call unless it is already.
        Raises `LogContradiction`, `CatalogueBehindLog`, `LogRolledBack` or `LogDamaged` rather than sign a tree that
        does not continue the last checkpoint. What the store raises comes through; a later call goes on.
        """
        with self._publishing:
            size = self._source.size() if up_to is None else up_to
            for _ in range(MOST_ROUNDS):
                last = self._last()
                if last is not None and last.size >= size:
                    self._note(last)
                    return last
                head = self._successor(last, up_to=up_to)
                if head is None:
                    continue
                last = self._sign(last, head)
                self._note(last)
                if last.size >= size:
                    return last
            raise LogContended

    def confirm(self) -> None:
        """The catalogue holds all that is signed or settled, and the same. Raises as `publish`; writes nothing.

        Asked before anything is done that a catalogue which went back in time would do wrongly.
        """
        with self._publishing:
            claimed, known = self._claimed(self._last()), self._source.size()
            if claimed is not None and known < claimed.size:
                raise CatalogueBehindLog(catalogue=known, signed=claimed.size)
            self._confirmed = True

    def confirm_once(self) -> None:
        """As `confirm`, unless that was done: a catalogue does not go back under a process that has it open."""
        if not self._confirmed:
            self.confirm()

    def _last(self) -> Checkpoint | None:
        """The newest checkpoint, once store, tiles and catalogue agree on it; its edge is loaded."""
        noted = self._noted()
        newest = self._shelf.newest_size(at_least=noted.size if noted else None)
        if newest is None:
            if noted is not None:
                raise LogRolledBack(noted=noted.size, stored=self._shelf.newest_size() or 0)
            self._edge = Edge()
            return None
        last = self._shelf.checkpoint(newest)
        if (known := self._source.size()) < last.size:
            raise CatalogueBehindLog(catalogue=known, signed=last.size)
        if self._edge.size != last.size or self._edge.root() != last.root:
            self._edge = Edge.loaded(last.size, lambda level, at, width: self._shelf.tile(level, at, width=width))
            if self._edge.root() != last.root:
                raise LogContradiction(place=checkpoint_key(last.size))
        if noted is not None:
            self._continues(noted, last.head)
        self._compare_entries(last)
        return last

    def _noted(self) -> Checkpoint | None:
        note = self._source.last_checkpoint()
        if note is None:
            return None
        try:
            return Checkpoint.opened(note, self._verifiers)
        except NoteError as error:
            raise LogDamaged(key="checkpoint (catalogue)", reason=error.code) from error

    def _continues(self, old: Checkpoint, new: TreeHead) -> None:
        """Raises `LogContradiction` unless the tiles in the store prove that `old` is the beginning of `new`."""
        path = consistency_proof(old.size, new.size, self._shelf.hash_reader(new.size))
        if not consistent(path, old=old.size, old_tree=old.root, new=new.size, new_tree=new.root):
            raise LogContradiction(place=checkpoint_key(old.size))

    def _compare_entries(self, last: Checkpoint) -> None:
        """The newest signed entries are those of the catalogue.

        A catalogue that went back in time and on again differs in all entries from there on, the newest signed one
        included, because records are salted. Entries further back are compared by `audit`.
        """
        if last.size == 0:
            return
        index = (last.size - 1) // WIDTH
        start = index * WIDTH
        signed = self._edge.open_tiles[0] or self._shelf.tile(0, index)
        known = self._source.entries(start, last.size)
        for at, leaf in enumerate(signed):
            if at >= len(known) or leaf_hash(known[at]) != leaf:
                raise LogContradiction(place=f"{entries_key(index, width=len(signed))} [{start + at}]")

    def _claimed(self, last: Checkpoint | None) -> TreeHead | None:
        key = claim_key(last.size if last else None)
        try:
            head = TreeHead.parse(self._shelf.read(key))
        except ObjectMissing:
            return None
        except NoteError as error:
            raise LogDamaged(key=key, reason=error.code) from error
        if head.origin != self._origin or (last is not None and head.size <= last.size):
            raise LogDamaged(key=key, reason="it names no successor")
        return head

    def _successor(self, last: Checkpoint | None, *, up_to: int | None) -> TreeHead | None:
        """The settled successor of `last`, its tiles stored; None where another signer settled another one.

        Where none is settled yet, it will be the tree over all entries, or over the first `up_to`.
        """
        claimed = self._claimed(last)
        size = self._source.size()
        if claimed is not None and size < claimed.size:
            raise CatalogueBehindLog(catalogue=size, signed=claimed.size)
        wanted = claimed.size if claimed else size if up_to is None else min(size, up_to)
        edge = grown(self._shelf, self._source, edge=self._edge, size=wanted)
        head = TreeHead(origin=self._origin, size=edge.size, root=edge.root())
        key = claim_key(last.size if last else None)
        if claimed is not None and claimed != head:
            raise LogContradiction(place=key)
        if self._shelf.settle(key, head.body()) != head.body():
            return None
        self._edge = edge
        return head

    def _sign(self, last: Checkpoint | None, head: TreeHead) -> Checkpoint:
        if last is not None:
            self._continues(last, head)
        made = Checkpoint.signed(head, self._signer)
        key = checkpoint_key(head.size)
        if self._shelf.settle(key, made.note) == made.note:
            return made
        other = self._shelf.checkpoint(head.size)  # another key of this log signed the same tree
        if other.root != head.root:
            raise LogContradiction(place=key)
        return other

    def _note(self, checkpoint: Checkpoint) -> None:
        if self._source.last_checkpoint() != checkpoint.note:
            self._source.note_checkpoint(checkpoint.size, checkpoint.root, checkpoint.note)

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint in the store; None before the first one."""
        newest = self._shelf.newest_size(at_least=self._newest)
        if newest is None and self._newest is not None:
            newest = self._shelf.newest_size()
        self._newest = newest
        return None if newest is None else self._checkpoint(newest)

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """The inclusion path of entry `index` under the checkpoint over `size` entries, the newest if None.

        The path was checked against that checkpoint. Raises `NotInLog`, `LogDamaged`, `ObjectMissing`.
        """
        checkpoint = self._covering(index, size)
        return self._path(index, checkpoint)[1]

    def prove_record(self, record: bytes, index: int, *, size: int | None = None) -> bytes:
        """The proof file of `record`, checked to be entry `index`. Raises as `prove`, and `LogContradiction`."""
        checkpoint = self._covering(index, size)
        leaf, path = self._path(index, checkpoint)
        if leaf != leaf_hash(entry(record)):
            raise LogContradiction(place=f"{entries_key(index // WIDTH)} [{index}]")
        return proof.compose(record, index=index, hashes=path, checkpoint=checkpoint.note)

    def _covering(self, index: int, size: int | None) -> Checkpoint:
        checkpoint = self.latest() if size is None else self.checkpoint(size)
        if checkpoint is None or not 0 <= index < checkpoint.size:
            raise NotInLog(index=index, size=checkpoint.size if checkpoint else 0)
        return checkpoint

    def checkpoint(self, size: int) -> Checkpoint:
        """The signed checkpoint over `size` entries. Raises `NotInLog` where none was signed over so many."""
        try:
            return self._checkpoint(size)
        except ObjectMissing:
            raise NotInLog(index=size - 1, size=size) from None

    def _path(self, index: int, checkpoint: Checkpoint) -> tuple[bytes, list[bytes]]:
        reader = self._shelf.hash_reader(checkpoint.size)
        leaf, path = reader(0, index), inclusion_proof(index, checkpoint.size, reader)
        if inclusion_root(leaf, path, index=index, size=checkpoint.size) != checkpoint.root:
            raise LogDamaged(key=checkpoint_key(checkpoint.size), reason="the tiles do not lead to its root")
        return leaf, path

    def part(self, key: str) -> bytes:
        """The bytes of a tile or entry bundle, as `Shelf.part`."""
        return self._shelf.part(key)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof, checked, that the checkpoint over `old` entries is the beginning of that over `new`."""
        before, after = self.checkpoint(old), self.checkpoint(new)
        path = consistency_proof(old, new, self._shelf.hash_reader(new))
        if not consistent(path, old=old, old_tree=before.root, new=new, new_tree=after.root):
            raise LogContradiction(place=checkpoint_key(old))
        return path

    def sequenced(self) -> Iterator[bytes]:
        """Every entry that the store holds, in order: the signed ones, proved, then what a cut-off run left behind.

        This is what a lost catalogue is rebuilt from; all other entries come after these.
        """
        signed = self.latest()
        return sequenced(self._shelf, signed=signed, settled=self._claimed(signed))

    def audit(self, *, known: bytes | None = None) -> Iterator[Finding]:
        """All that is wrong with the log, by name; nothing if it is whole. `known`: a checkpoint kept elsewhere.

        Reads every part of the log and every entry of the catalogue once. Faults of the store that may pass are
        raised and never reported as damage.
        """
        return Audit(self._shelf, self._source, origin=self._origin, verifiers=self._verifiers).run(known=known)
