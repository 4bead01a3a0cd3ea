"""How a condition answers: yes, no, or by `Unknown` that it cannot be known."""

from collections.abc import Callable
from typing import TypeVar

from repository.access.facts import Facts
from repository.access.request import AccessRequest

Condition = Callable[[AccessRequest, Facts], bool]
Fact = TypeVar("Fact")


class Unknown(Exception):
    """The answer depends on a fact that could not be gathered."""


def known(fact: Fact | None) -> Fact:
    """The fact. Raises `Unknown` for None."""
    if fact is None:
        raise Unknown
    return fact
