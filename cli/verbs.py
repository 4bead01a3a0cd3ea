"""The verbs of the command, each imported and built when it is asked for.

To import all of them and build their tree took 70 ms of CPU, a third of `edm-archive --version`.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import cleandoc
from typing import Any

import typer

# In the order of the help; each is the module of its name.
NAMES = (
    "init", "sample", "search", "get", "verify", "rebuild", "serve", "worker", "doctor",
    "takeover", "proof", "keys", "storage", "db", "user", "audit", "demand", "consent", "grant", "custody",
    "protection", "relation", "peer", "inventory",
)  # fmt: skip


class Verbs(Mapping[str, Any]):
    """The commands of `NAMES`. A module has a group of verbs, `verbs`, or one function of its own name."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        if name not in self._built:
            self._built[name] = _built(name)
        return self._built[name]

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


def _built(name: str) -> Any:
    module = import_module(f"cli.{name}")
    if hasattr(module, "verbs"):
        command: Any = typer.main.get_group(module.verbs)
        command.name = name
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(module, name))
        command = typer.main.get_command(alone)
    _reflow(command)
    return command


def _reflow(command: Any) -> None:
    """A paragraph of its help is one line, which breaks at the reader's margin and not at that of the source."""
    paragraphs = cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(each.split()) for each in paragraphs)
    for each in getattr(command, "commands", {}).values():
        _reflow(each)
