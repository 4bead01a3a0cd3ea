"""By which transfer syntax images are to be given, where a peer that asks for some takes several (PS3.7 D.3.2).

What it will ask for is not known yet; what is kept for it is. An uncompressed syntax takes everything that is kept
without compression, and what the codecs decode; a compressed one only what is kept in that very syntax.
"""

from collections.abc import Iterable, Mapping

from dicom_gateway.protocol.negotiating import Proposed
from repository.imaging import REENCODED, UNCOMPRESSED
from repository.rendering.decoding import DECODABLE

_DECODED = UNCOMPRESSED | DECODABLE


def chosen(proposed: Iterable[Proposed], held: Mapping[str, int] | None, *, decodes: bool) -> dict[int, str]:
    """Syntaxes by context id, for contexts of one SOP class by which we send: such that, of the images of the class,
    most can be given; then most as they are kept; then by the peer's order. `held`: images by transfer syntax; None:
    not known, and then one without compression comes first. `decodes`: there are codecs."""
    taken: list[str] = []
    known = held or {}
    found: dict[int, str] = {}
    for each in sorted(proposed, key=lambda one: len(one.syntaxes)):  # where there is no choice, the others build on it
        best = max(each.syntaxes, key=lambda syntax: _worth({*taken, syntax}, known, decodes=decodes))
        taken.append(best)
        found[each.id] = best
    return found


def _worth(taken: set[str], held: Mapping[str, int], *, decodes: bool) -> tuple[int, int, bool, int]:
    plain = not taken.isdisjoint(REENCODED)
    if not held:  # of most of the hundred classes that a stock client proposes
        return 0, 0, plain, len(taken)
    exact = sum(count for syntax, count in held.items() if syntax in taken)
    others = _DECODED if decodes else UNCOMPRESSED
    more = sum(count for syntax, count in held.items() if syntax not in taken and syntax in others) if plain else 0
    return exact + more, exact, plain, len(taken)
