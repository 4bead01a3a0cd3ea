"""One finding of `doctor`."""

from dataclasses import dataclass

from storage.errors import ArchiveError, Text


@dataclass(frozen=True, slots=True)
class Check:
    """`state` is ok, warning or wrong; `todo` says what to do unless it is ok."""

    name: str
    state: str
    detail: Text
    todo: Text | None = None


def failed(name: str, error: ArchiveError) -> Check:
    """That `error` came instead of an answer."""
    coded = Text(en=f"{error.message.en} [{error.code}]", pl=f"{error.message.pl} [{error.code}]")
    return Check(name, "wrong", coded, error.advice)
