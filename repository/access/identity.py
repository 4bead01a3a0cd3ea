"""When two identifiers name the same, for a reading that must not be had by mistake.

Data of closed providers is dirty: numbers without a root, empty ones, and zeros typed in place of a PESEL. Comparing
them as values would join strangers, so that what permits compares strictly, and what forbids compares widely.
"""

from repository.domain.describing import Identifier
from repository.domain.identifiers import CEZ, PESEL_OID

NPWZ_ROOTS = f"{CEZ}.1.6."  # licence numbers of all medical professions


def names(identifier: Identifier | None) -> bool:
    """Whether it names one person or body anywhere: root and extension are there, and it is no typed-in placeholder."""
    return identifier is not None and bool(identifier.root.strip()) and _tells(identifier)


def same(one: Identifier | None, other: Identifier | None) -> bool:
    """Both name the same, wherever they come from. Characters are compared as they are: lookalikes differ."""
    return one is not None and one == other and names(one)


def same_here(one: Identifier | None, other: Identifier | None) -> bool:
    """Both name the same inside of one takeover, where the provider's own numbers need no root."""
    return one is not None and one == other and _tells(one)


def may_be(one: Identifier, other: Identifier) -> bool:
    """Nothing speaks against both naming the same: a root that is not known may be any."""
    roots = {one.root.strip(), other.root.strip()} - {""}
    return one.extension.strip() == other.extension.strip() and len(roots) < 2


def _tells(identifier: Identifier) -> bool:
    extension = identifier.extension.strip()
    return bool(extension) and not (identifier.root == PESEL_OID and len(set(extension)) == 1)
