"""Options that more than one verb has, and what is wrong with some in the words of both languages."""

from typing import Annotated

import typer

from storage.errors import Text

Json = Annotated[bool, typer.Option("--json", metavar="", help="Answer with JSON.")]
TakeoverId = Annotated[str, typer.Argument(metavar="ID", help="The takeover, or the beginning of its id.")]


class Misused(typer.BadParameter):
    """Options that do not go together, or words that are not of their form. `said` repeats no value."""

    def __init__(self, *, en: str, pl: str) -> None:
        super().__init__(en)
        self.said = Text(en=en, pl=pl)
