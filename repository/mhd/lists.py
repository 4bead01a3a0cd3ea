"""Conditions of ITI-66 Find Document Lists, held against a submission set as it is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from repository.accounting.fhir_dates import interval
from repository.accounting.fhir_tokens import Token, split, token
from repository.fhir_form.values import Json
from repository.mhd.asking import within
from repository.mhd.errors import ParameterWrong

_NAMED: Mapping[str, Callable[[Json], Iterator[Token]]] = {
    "code": lambda made: _codings(made["code"]),
    # Nobody says of a takeover what its papers are as a whole, or which person has sent them.
    "designationType": lambda _: iter(()),
    "identifier": lambda made: (Token(each.get("system", ""), each["value"]) for each in made["identifier"]),
    "source.family": lambda _: iter(()),
    "source.given": lambda _: iter(()),
    "status": lambda made: iter((Token("http://hl7.org/fhir/list-status", made["status"]),)),
}


def _codings(concept: Json) -> Iterator[Token]:
    return (Token(each.get("system", ""), each["code"]) for each in concept["coding"])


def meets(made: Json, conditions: Mapping[str, Sequence[str]]) -> bool:
    """Whether the List has, for each condition, one of its alternatives; they were `checked`."""
    return all(_meets(made, name, value) for name, said in conditions.items() for value in said)


def checked(conditions: Mapping[str, Sequence[str]]) -> None:
    """Raises `ParameterWrong` for what nothing can be held against."""
    for name, said in conditions.items():
        try:
            for each in (one for value in said for one in split(value)):
                if name == "date":
                    interval(each)
        except ValueError as error:
            raise ParameterWrong(parameter=name, reason=str(error)) from None


def _meets(made: Json, name: str, value: str) -> bool:
    if name == "date":
        return any(within(each, *interval(made["date"])) for each in split(value))
    known = list(_NAMED[name](made))
    return any(one.met_by(token(each)) for each in split(value) for one in known)
