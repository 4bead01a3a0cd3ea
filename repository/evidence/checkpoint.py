"""Checkpoints (C2SP tlog-checkpoint): a log's origin, its size and its root, as a signed note."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from repository.evidence.errors import NoteMalformed, NoteUnsigned
from repository.evidence.note import Signer, Verifier, decode64, encode64, open_note

LARGEST_SIZE = 2**63 - 1
NAMESPACE = "edm-archive/"

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def origin_of(archive: str) -> str:
    """The name of an archive's log, and of the key that signs it."""
    return NAMESPACE + archive


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: the log `origin` has `size` entries under `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()  # lines that other programs may add; this one writes none

    def body(self) -> bytes:
        """The text that is signed."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode64(self.root), *self.extensions)).encode()

    @classmethod
    def parse(cls, text: bytes) -> "TreeHead":
        """Raises `NoteMalformed`; `parse(text).body() == text` where it does not."""
        try:
            origin, size, root, *extensions, end = text.decode().split("\n")
            head = cls(origin=origin, size=_size(size), root=decode64(root), extensions=tuple(extensions))
        except ValueError:
            raise NoteMalformed(reason="its text is not a checkpoint") from None
        if end or not origin or not all(extensions) or len(head.root) != 32:
            raise NoteMalformed(reason="its text is not a checkpoint")
        return head


def _size(text: str) -> int:
    if not _SIZE.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise ValueError("not a tree size")
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head whose signature was made or verified here; `note` is the signed note byte for byte."""

    head: TreeHead
    note: bytes

    @property
    def size(self) -> int:
        return self.head.size

    @property
    def root(self) -> bytes:
        return self.head.root

    @classmethod
    def signed(cls, head: TreeHead, signer: Signer) -> "Checkpoint":
        return cls(head=head, note=signer.sign(head.body()))

    @classmethod
    def opened(cls, note: bytes, verifiers: Sequence[Verifier]) -> "Checkpoint":
        """A checkpoint by a key of its own log: the origin is the key's name. Raises `NoteError`."""
        text, signed = open_note(note, verifiers)
        head = TreeHead.parse(text)
        if head.origin not in signed:
            raise NoteUnsigned
        return cls(head=head, note=note)
