"""The first copy is free, and what others may cost at most (UPP art. 28).

Free for the patient or the statutory representative is the first copy in the scope that is asked for (art. 28(2a)(1)).
Scopes are compared document by document: what was given out once may cost something the next time, whatever else is
asked for with it. Each copy is a deed, and of two at one moment only the earlier is the first.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from repository.access.bodies import identifier_body
from repository.access.identity import names
from repository.canonical import canonical
from repository.domain.describing import Identifier
from repository.journal import note_all
from repository.reports.errors import CopyWrong, WageWrong
from repository.runtime import Archive


def scope_key(documents: Collection[str]) -> str:
    """The digest (SHA-256, hexadecimal) of the names of documents, in whatever order and however often they are said.

    Raises `CopyWrong` for none.
    """
    if not documents or not all(documents):
        raise CopyWrong
    return hashlib.sha256(canonical(sorted(set(documents)))).hexdigest()


def first_copy(archive: Archive, patient: Collection[Identifier], scope: Collection[str]) -> bool:
    """Whether a copy of the documents `scope` would be free: it holds one that was never copied for this patient.

    `patient`: all identifiers that the catalogue knows of him. `not_first` says which documents were.
    """
    scope_key(scope)
    return bool(set(scope) - not_first(archive, patient, scope))


def not_first(archive: Archive, patient: Collection[Identifier], scope: Iterable[str]) -> frozenset[str]:
    """The documents of `scope` of which the patient has had a copy."""
    return frozenset(scope) & _copied(archive, patient, before=None)


def note_copy(archive: Archive, patient: Collection[Identifier], scope: Collection[str], *, by: str) -> bool:
    """A copy of the documents `scope` was given out by the principal `by`; whether it was free, as of that deed.

    It is noted under each identifier that names the patient anywhere. Raises `CopyWrong`.
    """
    key, known = scope_key(scope), _known(patient)
    documents = sorted(set(scope))
    bodies = [{"patient": identifier_body(each), "scope": key, "documents": documents, "by": by} for each in known]
    deeds = note_all(archive, [("first-copy", body, "done") for body in bodies])
    return bool(set(documents) - _copied(archive, known, before=deeds[0].number))


def _copied(archive: Archive, patient: Collection[Identifier], *, before: int | None) -> set[str]:
    deeds = archive.catalogue.accounts.copies(_known(patient))
    return {name for number, body in deeds if before is None or number < before for name in body["documents"]}


def _known(patient: Collection[Identifier]) -> tuple[Identifier, ...]:
    found = sorted({each for each in patient if names(each)}, key=lambda each: (each.root, each.extension))
    if not found:
        raise CopyWrong
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Maximum:
    """At most this part of the average wage, as a fraction in whole numbers, VAT included, for each `unit`."""

    source: str
    unit: str
    parts: int
    of: int


MAXIMA: Mapping[str, Maximum] = {
    "extract": Maximum("UPP art. 28(4)(1)", "page", 2, 1_000),
    "copy": Maximum("UPP art. 28(4)(2)", "page", 7, 100_000),
    "carrier": Maximum("UPP art. 28(4)(3)", "carrier", 4, 10_000),
}
"""Of the average wage of the quarter before, from the first day of the month after it was announced: 0.002 for a page
of an extract or transcript, 0.00007 for a page of a photocopy or printout, 0.0004 for a data carrier."""


def maximum_fee(kind: str, count: int, *, average_wage: int) -> int:
    """The most that `count` pages or carriers may cost, in grosze; `average_wage` in grosze.

    A page costs whole grosze, rounded down: so no page costs more than the law lets it. Raises `WageWrong`, KeyError.
    """
    most = MAXIMA[kind]
    if average_wage <= 0 or count < 0:
        raise WageWrong
    return count * (average_wage * most.parts // most.of)
