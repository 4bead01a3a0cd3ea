"""What `doctor` says of a rebuild that was stopped."""

from collections.abc import Iterator

from cli.checks import Check
from cli.rebuild import unfinished
from repository.settings import Home
from storage.errors import Text


def left_by_rebuild(home: Home) -> Iterator[Check]:
    """For whoever has the catalogue in use: no rebuild is running then, and what it works on is nobody's."""
    if (left := unfinished(home)) is not None:
        yield Check(
            "rebuild",
            "warning",
            Text(
                en=f"one was stopped; {left} is what it had made, and is not used",
                pl=f"przerwano odbudowę; {left} to, co utworzyła, i nie jest używane",
            ),
            Text(
                en="The next `edm-archive rebuild` replaces it. Until then it takes room and does no harm.",
                pl="Zastąpi to następne `edm-archive rebuild`. Do tego czasu zajmuje miejsce i nie szkodzi.",
            ),
        )
