"""Which transfer syntax is agreed on for what is to be given."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_gateway.choosing import chosen
from dicom_gateway.contexts import EXPLICIT, IMPLICIT
from dicom_gateway.protocol.negotiating import Proposed
from repository.formats.dicom.elements import EXPLICIT_BIG
from repository.imaging import REENCODED, UNCOMPRESSED
from repository.rendering.decoding import DECODABLE

J = "1.2.840.10008.1.2.4."
LS, J2K, MPEG, EXTENDED = J + "80", J + "90", J + "100", J + "51"
KNOWN = (EXPLICIT, IMPLICIT, EXPLICIT_BIG, LS, J2K, MPEG, "1.2.3.4")


def one(*syntaxes: str, held: dict[str, int] | None, decodes: bool = True) -> str:
    return chosen([Proposed(1, "1.2", syntaxes)], held, decodes=decodes)[1]


@pytest.mark.parametrize(
    ("proposed", "held", "taken"),
    [
        ((LS, EXPLICIT, IMPLICIT), {EXPLICIT: 5}, EXPLICIT),
        ((LS, IMPLICIT, EXPLICIT), {EXPLICIT: 5}, EXPLICIT),
        ((EXPLICIT, LS), {LS: 5}, LS),
        ((LS, EXPLICIT), {LS: 99_999, IMPLICIT: 1}, EXPLICIT),
        ((LS, EXPLICIT), {LS: 2, J2K: 3}, EXPLICIT),
        ((LS, J2K), {LS: 2, J2K: 3}, J2K),
        ((LS, EXPLICIT_BIG), {EXPLICIT_BIG: 1}, EXPLICIT_BIG),
        ((LS, MPEG, EXPLICIT), {MPEG: 9}, MPEG),
        ((LS, EXPLICIT, IMPLICIT), {}, EXPLICIT),
        ((J2K, LS), {}, J2K),
        ((LS, IMPLICIT, EXPLICIT), None, IMPLICIT),
        ((EXPLICIT, EXTENDED), {EXTENDED: 2, LS: 2}, EXPLICIT),
        ((EXPLICIT, EXTENDED), {EXTENDED: 2, MPEG: 2}, EXTENDED),
        ((EXTENDED, EXPLICIT), {EXTENDED: 2, LS: 3}, EXPLICIT),
    ],
)
def test_most_is_given_then_most_as_it_is_kept_then_in_the_order_of_the_peer(
    proposed: tuple[str, ...], held: dict[str, int] | None, taken: str
) -> None:
    assert one(*proposed, held=held) == taken


def test_without_codecs_a_syntax_without_compression_is_not_worth_more_than_what_it_can_give() -> None:
    assert one(LS, EXPLICIT, held={LS: 9, EXPLICIT: 1}, decodes=False) == LS
    assert one(LS, EXPLICIT, held={LS: 1, EXPLICIT: 9}, decodes=False) == EXPLICIT


_LISTS = st.lists(st.sampled_from(KNOWN), min_size=1, max_size=4, unique=True).map(tuple)
_HELD = st.dictionaries(st.sampled_from(KNOWN), st.integers(1, 9))


def _given(taken: set[str], held: dict[str, int], *, decodes: bool) -> int:
    """As `sendings` gives."""
    others = UNCOMPRESSED | (DECODABLE if decodes else set())
    plain = bool(taken & set(REENCODED))
    return sum(count for syntax, count in held.items() if syntax in taken or (plain and syntax in others))


@given(_LISTS, _HELD, st.booleans())
@settings(max_examples=60)
def test_of_one_context_no_other_choice_would_give_more(
    proposed: tuple[str, ...], held: dict[str, int], decodes: bool
) -> None:
    taken = one(*proposed, held=held, decodes=decodes)
    assert taken in proposed
    best = max(_given({each}, held, decodes=decodes) for each in proposed)
    assert _given({taken}, held, decodes=decodes) == best


@given(st.lists(_LISTS, min_size=1, max_size=3), _HELD)
@settings(max_examples=60)
def test_of_several_contexts_each_has_one_of_its_own_and_all_that_any_choice_gives_is_given(
    every: list[tuple[str, ...]], held: dict[str, int]
) -> None:
    """With codecs: there one context without compression is as good as all choices of compressed ones, but for what no
    codec reads."""
    held = {syntax: count for syntax, count in held.items() if syntax in UNCOMPRESSED | DECODABLE}
    found = chosen([Proposed(2 * at + 1, "1.2", each) for at, each in enumerate(every)], held, decodes=True)
    assert Counter(found) == Counter({2 * at + 1: found[2 * at + 1] for at in range(len(every))})
    assert all(found[2 * at + 1] in each for at, each in enumerate(every))
    if any(set(each) & set(REENCODED) for each in every):
        best = max(_given(set(each), held, decodes=True) for each in product(*every))
        assert _given(set(found.values()), held, decodes=True) == best
