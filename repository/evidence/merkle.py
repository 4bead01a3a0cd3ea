"""The Merkle tree of RFC 6962 §2 (the same as RFC 9162 §2.1) as pure functions over SHA-256.

A tree of any size falls apart into complete subtrees; `(level, index)` names the one over the leaves
`[index << level, (index + 1) << level)`. Roots and proofs are computed through a reader of such subtrees, so that it
does not matter here whether hashes come from memory, from tiles or from a network. The checking functions take
whatever a stranger sends, answer yes or no, and never raise.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()  # RFC 6962 §2.1: the hash of an empty list

HashReader = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The level above: one hash for each whole pair; an odd last one is left out."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree hash over leaf hashes. The last one may stand for an incomplete subtree of its level.

    Pairing level by level and carrying an odd last hash upwards gives the split at the largest power of two that
    RFC 6962 §2.1 asks for.
    """
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        above = parents(level)
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def range_root(start: int, stop: int, hash_at: HashReader) -> bytes:
    """The tree hash over the leaves `[start, stop)`, a range that the recursion of RFC 6962 §2.1 can reach."""
    found: bytes | None = None
    for level, index in reversed(list(_complete(start, stop))):
        one = hash_at(level, index)
        found = one if found is None else node_hash(one, found)
    return EMPTY_ROOT if found is None else found


def _complete(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees of a range, largest first."""
    size = stop - start
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, start >> level
            start += 1 << level


def inclusion_proof(index: int, size: int, hash_at: HashReader) -> list[bytes]:
    """The audit path of leaf `index` in the tree over `size` leaves (RFC 6962 §2.1.1), leaf's sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    start, stop, path = 0, size, []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(range_root(middle, stop, hash_at))
            stop = middle
        else:
            path.append(range_root(start, middle, hash_at))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, hash_at: HashReader) -> list[bytes]:
    """The proof that the tree over `old` leaves is the beginning of that over `new` (RFC 6962 §2.1.2)."""
    if not 0 <= old <= new:
        raise ValueError(f"no consistency from {old} to {new}")
    if old in (0, new):
        return []
    start, stop, path, whole = 0, new, [], True
    while old < stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(range_root(middle, stop, hash_at))
            stop = middle
        else:
            path.append(range_root(start, middle, hash_at))
            start, whole = middle, False
    if not whole:  # otherwise the checker knows this subtree: it is the old tree itself
        path.append(range_root(start, stop, hash_at))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_root(leaf: bytes, path: Sequence[bytes], *, index: int, size: int) -> bytes | None:
    """The root that `path` leads to from `leaf` (RFC 9162 §2.1.3.2), or None if it is no path at all."""
    if not 0 <= index < size or not _hashes([leaf, *path]):
        return None
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def included(leaf: bytes, path: Sequence[bytes], *, index: int, size: int, tree: bytes) -> bool:
    """Whether `path` proves that `leaf` is at `index` under the root `tree` of `size` leaves."""
    return inclusion_root(leaf, path, index=index, size=size) == tree


def consistent(path: Sequence[bytes], *, old: int, old_tree: bytes, new: int, new_tree: bytes) -> bool:
    """Whether `path` proves that the tree `old_tree` is the beginning of `new_tree` (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new or not _hashes([old_tree, new_tree, *path]):
        return False
    if old in (0, new):
        return not path and old_tree == (EMPTY_ROOT if old == 0 else new_tree)
    if not path:
        return False
    rest = list(path) if old & (old - 1) else [old_tree, *path]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = rest[0]
    for one in rest[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(one, before), node_hash(one, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, one)
        at, last = at >> 1, last >> 1
    return before == old_tree and after == new_tree and last == 0


def _hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
