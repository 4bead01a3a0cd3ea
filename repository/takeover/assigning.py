"""Whose an item is: one number for each patient of the takeover.

Rule: an item belongs to the patient who has one of its identifiers, with the same issuer. A number that names no issuer
belongs to the only patient who has it under any issuer; one with an issuer to the only patient who has it, if that one
has it without. The same number from two issuers is two people. Nobody is merged: an item whose identifiers belong to
two patients goes to the first of them, with a finding (`TKO-PATIENT-AMBIGUOUS`).
"""

from dataclasses import replace

from repository.domain.describing import Identifier, PatientFacts
from repository.domain.holding import PatientRecord

NOBODY = 0


class Patients:
    """The patients of one takeover, by number and by identifier."""

    def __init__(self) -> None:
        self._facts: dict[int, PatientFacts] = {}
        self._highest = 0
        self._by_identifier: dict[Identifier, int] = {}
        self._by_value: dict[str, set[int]] = {}

    def restore(self, record: PatientRecord) -> None:
        """A patient who is in the catalogue already, under the number given there."""
        self._facts[record.number] = record.facts
        self._highest = max(self._highest, record.number)
        self._know(record.number, record.facts.identifiers)

    def record(self, number: int) -> PatientRecord | None:
        return PatientRecord(number, self._facts[number]) if number else None

    def assign(self, facts: PatientFacts | None) -> tuple[int, bool]:
        """The number of the patient, new if unknown, and whether the identifiers point to more than one.

        0 for facts without an identifier: a name alone names nobody.
        """
        identifiers = tuple(i for i in facts.identifiers if i.extension) if facts else ()
        if facts is None or not identifiers:
            return NOBODY, False
        issued = {i.extension for i in identifiers if i.root}  # said once more without an issuer, it is the same number
        named = [i for i in identifiers if i.root or i.extension not in issued]
        found = list(dict.fromkeys(number for i in named if (number := self._owner(i))))
        if not found:
            self._highest = number = self._highest + 1
            self._facts[number] = replace(facts, identifiers=identifiers)
            self._know(number, identifiers)
            return number, False
        if len(found) == 1:
            self._enrich(found[0], facts, identifiers)
        return found[0], len(found) > 1

    def _owner(self, identifier: Identifier) -> int:
        if identifier.root and (number := self._by_identifier.get(identifier)):
            return number
        having = self._by_value.get(identifier.extension, set())
        if len(having) == 1 and not identifier.root:
            return next(iter(having))
        without = [number for number in having if self._names_no_issuer(number, identifier.extension)]
        return without[0] if len(without) == 1 and (len(having) == 1 or not identifier.root) else 0

    def _names_no_issuer(self, number: int, value: str) -> bool:
        """Whether the patient has `value` without an issuer only."""
        return not any(i.root for i in self._facts[number].identifiers if i.extension == value)

    def _enrich(self, number: int, facts: PatientFacts, identifiers: tuple[Identifier, ...]) -> None:
        known = self._facts[number]
        new = tuple([i for i in identifiers if i not in known.identifiers])
        if not (
            new
            or (facts.name and not known.name)
            or (facts.birth_date and not known.birth_date)
            or (facts.sex and not known.sex)
        ):
            return  # nearly always: it is said once more
        self._facts[number] = PatientFacts(
            identifiers=known.identifiers + new,
            name=known.name or facts.name,
            birth_date=known.birth_date or facts.birth_date,
            sex=known.sex or facts.sex,
        )
        self._know(number, new)

    def _know(self, number: int, identifiers: tuple[Identifier, ...]) -> None:
        for identifier in identifiers:
            self._by_identifier.setdefault(identifier, number)
            self._by_value.setdefault(identifier.extension, set()).add(number)
