"""Proof files (C2SP tlog-proof): that a file is the one an archive took over, checkable by anybody, offline.

The `extra` line carries the record, which names the file's size and SHA-256; the record's own SHA-256 is the entry of
the log; the path leads from the entry to the root of a checkpoint that the archive signed. This module needs neither
a catalogue nor a store: a file, its proof and the archive's public key are enough. For strangers: docs/proofs.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Generic, TypeVar

from repository.evidence.checkpoint import LARGEST_SIZE, Checkpoint, TreeHead, origin_of
from repository.evidence.errors import (
    CheckpointForged,
    FileDiffers,
    NotAProof,
    NoteForged,
    NoteMalformed,
    NoteUnsigned,
    NotOfAFile,
    RecordMalformed,
    RecordNotInLog,
    UnknownLog,
)
from repository.evidence.merkle import HASH_SIZE, included, leaf_hash
from repository.evidence.note import LARGEST_NOTE, Verifier, decode64, encode64, split_note
from repository.evidence.record import AnyRecord, HoldingRecord, Record, entry, parsed

SUFFIX = ".tlog-proof"
LONGEST_PATH = 64
LARGEST_PROOF = LARGEST_NOTE + 16 * 1024

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof file in its parts; nothing of it is verified yet. `checkpoint` is the note byte for byte."""

    record: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True, slots=True)
class CheckedProof(Generic[RecordT]):
    """What holds after a check: entry `index` of the log at `checkpoint` commits to `record`."""

    record: RecordT
    index: int
    checkpoint: Checkpoint


def compose(record: bytes, *, index: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The proof file of `record` at `index`, by the path `hashes` under the signed note `checkpoint`."""
    lines = [_HEADER, f"extra {encode64(record)}", f"index {index}", *map(encode64, hashes)]
    return "\n".join(lines).encode() + b"\n\n" + checkpoint


def parse(proof: bytes) -> Proof:
    """Raises `NotAProof`; `compose` of the parts gives `proof` again where it does not."""
    head, blank, checkpoint = proof.partition(b"\n\n")
    if len(proof) > LARGEST_PROOF or not blank:
        raise NotAProof(reason="it is too long, or cut off")
    try:
        header, extra, place, *path = head.decode("ascii").split("\n")
        index = _INDEX.fullmatch(place)
        if header != _HEADER or not extra.startswith("extra ") or index is None or int(index[1]) > LARGEST_SIZE:
            raise NotAProof(reason="its first lines are not those of a proof with a record")
        record = decode64(extra.removeprefix("extra "))
        hashes = tuple(decode64(line) for line in path)
    except ValueError:
        raise NotAProof(reason="a line cannot be read") from None
    if len(hashes) > LONGEST_PATH or any(len(one) != HASH_SIZE for one in hashes):
        raise NotAProof(reason="its path is not made of hashes")
    return Proof(record=record, index=int(index[1]), hashes=hashes, checkpoint=checkpoint)


def check_record(proof: bytes, verifier_keys: Sequence[str]) -> CheckedProof[AnyRecord]:
    """The record in `proof` is in a log whose key is among `verifier_keys`; says nothing about any file.

    Raises `ProofError`, and `VerifierKeyMalformed` for a key that is none.
    """
    parts = parse(proof)
    try:
        record = parsed(parts.record)
    except RecordMalformed as error:
        raise NotAProof(reason=f"its record cannot be read, {error.code}") from error
    checkpoint = _opened(parts.checkpoint, [Verifier.parse(key.strip()) for key in verifier_keys])
    if checkpoint.head.origin != origin_of(record.archive):
        raise UnknownLog(origin=checkpoint.head.origin)
    leaf = leaf_hash(entry(parts.record))
    if not included(leaf, parts.hashes, index=parts.index, size=checkpoint.size, tree=checkpoint.root):
        raise RecordNotInLog(index=parts.index, size=checkpoint.size)
    return CheckedProof(record=record, index=parts.index, checkpoint=checkpoint)


def check(stream: BinaryIO, proof: bytes, verifier_keys: Sequence[str]) -> CheckedProof[HoldingRecord]:
    """The bytes of `stream` are those that the archive recorded on taking them over.

    Reads the stream once, in constant memory. Raises as `check_record`, `FileDiffers` and `NotOfAFile`.
    """
    checked = check_record(proof, verifier_keys)
    record = checked.record
    if not isinstance(record, HoldingRecord):
        raise NotOfAFile(event=record.event)
    digest, size = sha256(), 0
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    if size != record.size or digest.digest() != record.sha256:
        raise FileDiffers(
            size=size,
            sha256=digest.hexdigest(),
            recorded_size=record.size,
            recorded_sha256=record.sha256.hex(),
        )
    return CheckedProof(record=record, index=checked.index, checkpoint=checked.checkpoint)


def _opened(note: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    try:
        return Checkpoint.opened(note, verifiers)
    except NoteForged as error:
        raise CheckpointForged(**error.fields) from error
    except NoteMalformed as error:
        raise NotAProof(reason=f"its checkpoint cannot be read, {error.code}") from error
    except NoteUnsigned as error:
        raise UnknownLog(origin=_origin(note)) from error


def _origin(note: bytes) -> str:
    try:
        return TreeHead.parse(split_note(note)[0]).origin
    except NoteMalformed:
        return "?"
