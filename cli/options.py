"""Options that more than one verb has."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", metavar="", help="Answer with JSON.")]
TakeoverId = Annotated[str, typer.Argument(metavar="ID", help="The takeover, or the beginning of its id.")]
