"""When two identifiers name the same, for a reading that must not be had by mistake.

Data of closed providers is dirty: numbers without a root, empty ones, and zeros typed in place of a PESEL. Comparing
them as values would join strangers, so that what permits compares strictly, and what forbids compares widely.
"""

from repository.domain.describing import Identifier
from repository.domain.identifiers import CEZ, PESEL_OID

NPWZ_ROOTS = f"{CEZ}.1.6."  # licence numbers of all medical professions


def names(identifier: Identifier | None) -> bool:
    """Whether it names one person or body anywhere: root and extension are there, and it is no typed-in placeholder."""
    return identifier is not None and bool(identifier.root.strip()) and names_here(identifier)


def same(one: Identifier | None, other: Identifier | None) -> bool:
    """Both name the same, wherever they come from. Characters are compared as they are: lookalikes differ."""
    return one is not None and one == other and names(one)


def may_be(one: Identifier, other: Identifier) -> bool:
    """Nothing speaks against both naming the same: a root that is not known may be any."""
    if one.extension.strip() != other.extension.strip():
        return False
    mine, theirs = one.root.strip(), other.root.strip()
    return not mine or not theirs or mine == theirs


def names_here(identifier: Identifier) -> bool:
    """Whether it names one person, body or thing inside of one takeover: it is there, and no typed-in placeholder."""
    extension = identifier.extension.strip()
    return extension != "" and (identifier.root != PESEL_OID or len(set(extension)) > 1)
