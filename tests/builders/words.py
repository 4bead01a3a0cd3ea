"""Strategies of words of a given form.

`from_regex` makes the same ones, but takes about ten times as long: most of the time of a test that draws many.
"""

import string

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

LOWER, DIGITS = string.ascii_lowercase, string.digits


def words(first: str, others: str, *, most: int) -> SearchStrategy[str]:
    """One character of `first`, then at most `most` of `others`."""
    return st.builds(str.__add__, st.sampled_from(first), st.text(others, max_size=most))


def uids(first: SearchStrategy[int], *, most: int, digits: int) -> SearchStrategy[str]:
    """`first`, then one to `most` components of at most `digits` digits, none of them zero (PS3.5 §9.1)."""
    others = st.lists(st.integers(1, 10**digits - 1), min_size=1, max_size=most)
    return st.builds(lambda root, more: ".".join(map(str, (root, *more))), first, others)
