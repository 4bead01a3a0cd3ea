"""The words that rules are made of: each a question about a request and the facts, answered yes, no, or not known.

They are few, named for what they ask, and say nothing about what follows: that is in the rules.
"""

from collections.abc import Mapping

from repository.access.conditions import permitted, ties, who
from repository.access.conditions.answers import Condition, Unknown

_OF_THE_REQUEST = (
    who.no_identification,
    who.identification_not_current,
    who.weak_identification,
    who.unnamed_person,
    who.no_organisation,
    who.no_npwz,
    who.no_identifier,
    who.no_purpose,
    who.no_reason,
    who.no_evidence,
    who.no_basis,
    who.basis_needs_consent,
    who.basis_needs_no_consent,
    who.payer,
)
_OF_SUBJECT_AND_FACTS = (
    ties.protected_without_second_person,
    ties.alive,
    ties.own_record,
    ties.represents,
    ties.represented_at_death,
    ties.authorised_person,
    ties.close_person,
    ties.primary_care,
    ties.author,
    ties.custodian,
    ties.authorised_administrator,
    permitted.objection,
    permitted.consent,
    permitted.grant,
)
CONDITIONS: Mapping[str, Condition] = {each.__name__: each for each in (*_OF_THE_REQUEST, *_OF_SUBJECT_AND_FACTS)}
ABOUT_REQUEST = frozenset(each.__name__ for each in _OF_THE_REQUEST)
"""Conditions that are the same for every subject and need no fact, so that they are always known."""

__all__ = ["ABOUT_REQUEST", "CONDITIONS", "Condition", "Unknown"]
