"""The tree against the published vectors of Certificate Transparency and against the definition in RFC 6962 §2.1."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.evidence.edge import Edge
from repository.evidence.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    range_root,
    root,
)

INPUTS = [
    bytes.fromhex(one)
    for one in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def mth(entries):
    """RFC 6962 §2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def naive_path(m, entries):
    if len(entries) == 1:
        return []
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if m < k:
        return [*naive_path(m, entries[:k]), mth(entries[k:])]
    return [*naive_path(m - k, entries[k:]), mth(entries[:k])]


def naive_subproof(m, entries, whole):
    n = len(entries)
    if m == n:
        return [] if whole else [mth(entries)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*naive_subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*naive_subproof(m - k, entries[k:], False), mth(entries[:k])]


def reader(entries):
    def hash_at(level, index):
        part = entries[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "only complete subtrees are asked for"
        return mth(part)

    return hash_at


def some(count):
    return [bytes([number % 256, number // 256]) for number in range(count)]


def test_roots_are_those_of_the_published_vectors():
    assert root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for size in range(1, 9):
        assert root([leaf_hash(one) for one in INPUTS[:size]]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_published_vectors(index, size):
    path = inclusion_proof(index, size, reader(INPUTS[:size]))
    assert [one.hex() for one in path] == INCLUSION[index, size]
    assert included(leaf_hash(INPUTS[index]), path, index=index, size=size, tree=bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_published_vectors(old, new):
    path = consistency_proof(old, new, reader(INPUTS[:new]))
    assert [one.hex() for one in path] == CONSISTENCY[old, new]
    trees = {"old_tree": bytes.fromhex(ROOTS[old - 1]), "new_tree": bytes.fromhex(ROOTS[new - 1])}
    assert consistent(path, old=old, new=new, **trees)


@given(st.integers(1, 70), st.data())
def test_proofs_are_those_of_the_definition(size, data):
    entries, index = some(size), data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size, reader(entries))
    assert path == naive_path(index, entries)
    assert included(leaf_hash(entries[index]), path, index=index, size=size, tree=mth(entries))
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, reader(entries))
    assert proof == naive_subproof(old, entries, True)
    assert consistent(proof, old=old, old_tree=mth(entries[:old]), new=size, new_tree=mth(entries))
    assert range_root(0, size, reader(entries)) == root([leaf_hash(one) for one in entries]) == mth(entries)


@given(st.integers(1, 40), st.data())
def test_an_inclusion_proof_shows_one_leaf_at_one_place_only(size, data):
    entries, index = some(size), data.draw(st.integers(0, size - 1))
    path, tree = naive_path(index, entries), mth(entries)
    leaf = leaf_hash(entries[index])
    other = data.draw(st.integers(-1, size + 1).filter(lambda one: one != index))
    assert not included(leaf, path, index=other, size=size, tree=tree)
    assert not included(leaf_hash(b"other"), path, index=index, size=size, tree=tree)
    assert not included(leaf, [*path, leaf], index=index, size=size, tree=tree)
    if path:
        at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        wrong = bytearray(path[at])
        wrong[bit // 8] ^= 1 << bit % 8
        assert not included(leaf, [*path[:at], bytes(wrong), *path[at + 1 :]], index=index, size=size, tree=tree)
        assert not included(leaf, path[:-1], index=index, size=size, tree=tree)
        assert not included(leaf, [*path[:at], path[at][:31], *path[at + 1 :]], index=index, size=size, tree=tree)


@given(st.integers(2, 40), st.data())
def test_two_trees_that_differ_before_the_old_size_are_never_consistent(size, data):
    entries, old = some(size), data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    other = [*entries[:changed], b"other", *entries[changed + 1 :]]
    proof = naive_subproof(old, entries, True)
    assert not consistent(proof, old=old, old_tree=mth(other[:old]), new=size, new_tree=mth(entries))
    assert not consistent(proof, old=old, old_tree=mth(entries[:old]), new=size, new_tree=mth(other))
    forged = naive_subproof(old, other, True)
    assert not consistent(forged, old=old, old_tree=mth(entries[:old]), new=size, new_tree=mth(other))


@given(
    st.lists(st.binary(min_size=0, max_size=33) | st.binary(min_size=32, max_size=32), max_size=70),
    st.integers(-2, 2**70),
    st.integers(-2, 2**70),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
)
def test_what_a_stranger_sends_is_refused_and_never_raises(path, one, two, first, second):
    alone = (path, one, two) == ([], 0, 1) and first == second  # the one leaf of a tree is its root
    assert included(first, path, index=one, size=two, tree=second) == alone
    if first != second and (one, first) != (0, EMPTY_ROOT):
        assert not consistent(path, old=one, old_tree=first, new=two, new_tree=second)


def test_the_empty_tree_is_the_beginning_of_every_tree():
    assert consistent([], old=0, old_tree=EMPTY_ROOT, new=3, new_tree=mth(some(3)))
    assert not consistent([], old=0, old_tree=b"\0" * 32, new=3, new_tree=mth(some(3)))
    assert not consistent([EMPTY_ROOT], old=0, old_tree=EMPTY_ROOT, new=3, new_tree=mth(some(3)))


@given(st.lists(st.integers(1, 400), max_size=6))
def test_appending_in_any_portions_gives_the_same_tree(portions):
    edge, leaves, tiles = Edge(), [], {}
    for portion in portions:
        fresh = [leaf_hash(b"%d" % number) for number in range(len(leaves), len(leaves) + portion)]
        leaves += fresh
        while fresh:
            part, fresh = fresh[: edge.room], fresh[edge.room :]
            for tile in edge.extend(part):
                tiles[tile.level, tile.index] = list(tile.hashes)
        assert edge.root() == root(leaves)
        assert edge.size == len(leaves)
    for index in range(len(leaves) // 256):
        assert tiles[0, index] == leaves[index * 256 : index * 256 + 256]


def test_closing_a_tile_by_its_root_alone_gives_the_same_tree():
    leaves = [leaf_hash(b"%d" % number) for number in range(256 * 257 + 3)]
    known, closed = Edge(), Edge()
    for start in range(0, len(leaves), 256):
        part = leaves[start : start + 256]
        full = known.extend(part)
        if len(part) == 256 and start % 512 == 0:
            assert [(one.level, one.index) for one in closed.close(root(part))] == [
                (one.level, one.index) for one in full[1:]
            ]
        else:
            closed.extend(part)
    assert closed.root() == known.root() == root(leaves)
