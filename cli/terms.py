"""What a person says on the command line of the permission to be given or changed: one option for each limit.

A verb under `with_terms` has all of these options and gets what was typed as `said`; what cannot be read is told before
an archive is opened.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.permitting import read
from repository.consents.errors import OptionUnreadable

if TYPE_CHECKING:
    from repository.access.permission import PermissionKind
    from repository.consents.terms import Terms

Words = list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The options, as they were typed."""

    purpose: Annotated[
        Words, typer.Option("--purpose", metavar="WORD", help="treatment, continuity, …; may be repeated.")
    ] = None
    document: Annotated[Words, typer.Option("--document", metavar="OID^NUMBER", help="Only this document.")] = None
    class_code: Annotated[Words, typer.Option("--class", metavar="CODE", help="Only documents of this class.")] = None
    event: Annotated[Words, typer.Option("--event", metavar="OID^NUMBER", help="Only of this medical event.")] = None
    study: Annotated[Words, typer.Option("--study", metavar="UID", help="Only this study.")] = None
    specialty: Annotated[Words, typer.Option("--specialty", metavar="CODE", help="Only of this specialty.")] = None
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="Only what is of this day or later.")] = ""
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Only what is of this day or earlier.")] = ""
    valid_from: Annotated[
        str, typer.Option("--valid-from", metavar="DAY", help="In force from this day on; else from now.")
    ] = ""
    valid_to: Annotated[str, typer.Option("--valid-to", metavar="DAY", help="In force to the end of this day.")] = ""

    def understood(self, kind: "PermissionKind", *, new: bool = True) -> "Terms":
        """Raises `OptionUnreadable`, also where what is `new` names no purpose. An objection is to every purpose unless
        it says to which."""
        from repository.access.permission import PermissionKind
        from repository.consents.grammar import day_of_words, purposes_of_words, scope_of_limits
        from repository.consents.terms import Terms

        limits = {
            "DOCUMENT": self.document, "CLASS": self.class_code, "EVENT": self.event, "STUDY": self.study,
            "SPECIALTY": self.specialty, "FROM": [self.first] if self.first else None,
            "TO": [self.last] if self.last else None,
        }  # fmt: skip
        said = {name: values for name, values in limits.items() if values}
        words = self.purpose or (["ALL"] if kind is PermissionKind.OBJECTION else [])
        if new and not words:
            raise OptionUnreadable(option="--purpose")
        where = "--document, --event, --study, --from, --to"
        return Terms(
            kind,
            read(where, lambda: scope_of_limits(said)) if said else None,
            read("--purpose", lambda: purposes_of_words("|".join(words), kind)) if words else None,
            read("--valid-from", lambda: day_of_words(self.valid_from)[0]) if self.valid_from else None,
            read("--valid-to", lambda: day_of_words(self.valid_to)[1]) if self.valid_to else None,
        )


def with_terms(verb: Callable[..., None]) -> Callable[..., None]:
    """`verb` with one option for each field of `Said`, in the place of its parameter `said`, which holds them all."""
    names = [each.name for each in fields(Said)]

    @wraps(verb)
    def told(*arguments: Any, **given: Any) -> None:
        said = Said(**{name: given.pop(name) for name in names})
        verb(*arguments, said=said, **given)

    parameters = list(_spread(signature(verb).parameters.values()))
    told.__annotations__ = {each.name: each.annotation for each in parameters}
    vars(told)["__signature__"] = Signature(parameters)  # what typer makes its options from
    return told


def _spread(parameters: Iterable[Parameter]) -> Iterator[Parameter]:
    for each in parameters:
        if each.annotation is not Said:
            yield each
            continue
        for option in fields(Said):
            yield Parameter(option.name, each.kind, default=option.default, annotation=option.type)
