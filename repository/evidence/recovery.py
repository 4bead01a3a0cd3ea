"""The entries back out of the store: what a lost catalogue is made anew from."""

from collections.abc import Iterator

from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.errors import LogDamaged
from repository.evidence.merkle import inclusion_proof, inclusion_root, leaf_hash
from repository.evidence.shelf import Shelf
from repository.evidence.tiles import WIDTH, entries_key, read_key, width_in
from storage.errors import ObjectMissing


def sequenced(shelf: Shelf, *, signed: Checkpoint | None, settled: TreeHead | None) -> Iterator[bytes]:
    """Every entry in order: up to `signed`, each bundle proved before it is handed out; then what is not signed yet.

    Of the unsigned ones, those up to `settled` come back where a successor was settled before the signer stopped;
    otherwise as many as bundles are there without a gap. Raises `ObjectMissing` or `LogDamaged` for the signed part.
    """
    least = settled.size if settled else signed.size if signed else 0
    most = settled.size if settled else None
    index = 0
    while True:
        needed = width_in(least, level=0, index=index)
        found = _bundle(shelf, index, needed=needed, exact=most is not None)
        if signed is not None and index * WIDTH < signed.size:
            _prove(shelf, signed, index=index, entries=found)
        yield from found
        if len(found) < WIDTH or (most is not None and (index + 1) * WIDTH >= most):
            return
        index += 1


def _bundle(shelf: Shelf, index: int, *, needed: int, exact: bool) -> list[bytes]:
    """The longest bundle under `index` with at least `needed` entries, or exactly so many."""
    if exact:
        return shelf.entries(index, width=needed) if needed else []
    widths = [WIDTH, *sorted(_widths(shelf, index), reverse=True)]
    for width in widths:
        try:
            found = shelf.entries(index, width=width)
        except ObjectMissing:
            continue
        if width >= needed:
            return found
    if needed:
        raise ObjectMissing(key=entries_key(index, width=needed))
    return []


def _widths(shelf: Shelf, index: int) -> list[int]:
    named = [read_key(name) for name in shelf.names(f"{entries_key(index)}.p/")]
    return [one[2] for one in named if one is not None]


def _prove(shelf: Shelf, signed: Checkpoint, *, index: int, entries: list[bytes]) -> None:
    """The signed entries of a bundle are the leaves of its tile, and these lead to the signed root."""
    start, width = index * WIDTH, width_in(signed.size, level=0, index=index)
    leaves = shelf.tile(0, index, width=width)
    path = inclusion_proof(start, signed.size, shelf.hash_reader(signed.size))
    proved = inclusion_root(leaves[0], path, index=start, size=signed.size) == signed.root
    if not proved or [leaf_hash(one) for one in entries[:width]] != leaves:
        raise LogDamaged(key=entries_key(index, width=width), reason="it does not lead to the signed root")
