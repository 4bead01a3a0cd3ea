"""What a person or a program sees: sentences and tables in one language, or JSON; progress on standard error.

Whatever comes from a package is shown with its control characters escaped: a file name never writes to a terminal.
Without a terminal lines are as long as they need to be, so that other programs find an identifier in one piece.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO, TextIOWrapper
from typing import Any, TextIO

import typer

from storage.errors import Text

LANGUAGES = ("en", "pl")
VARIABLE = "EDM_ARCHIVE_LANG"
WITHOUT_TERMINAL = 10_000  # columns: nothing is wrapped for a program

Advance = Callable[[int, int], None]


@dataclass(slots=True)
class Screen:
    """One run's way of answering. `kept_so_far` is what an interruption tells to be safe."""

    language: str = "en"
    as_json: bool = False
    kept_so_far: Text = field(
        default_factory=lambda: Text(
            en="What the archive has acknowledged is kept. The same command may be run again.",
            pl="To, co archiwum potwierdziło, jest zachowane. To samo polecenie można powtórzyć.",
        )
    )

    def text(self, text: Text) -> str:
        return text.pl if self.language == "pl" else text.en

    def say(self, *, en: str, pl: str) -> None:
        """A paragraph on standard output."""
        _print(shown(pl if self.language == "pl" else en), sys.stdout)

    def aside(self, *, en: str, pl: str) -> None:
        """A paragraph on standard error: it is no part of the answer."""
        _print(shown(pl if self.language == "pl" else en), sys.stderr)

    def table(
        self,
        heads: Sequence[Text],
        rows: Iterable[Sequence[object]],
        *,
        numbers: Iterable[int] = (),
        whole: Iterable[int] = (),
    ) -> None:
        """A table; columns whose places are in `numbers` are set to the right, those in `whole` are never wrapped."""
        from rich import box
        from rich.table import Table

        right, unbroken, bound = set(numbers), set(whole), sys.stdout.isatty()
        table = Table(box=box.SIMPLE_HEAD if bound else None, pad_edge=False, show_edge=False)
        for place, head in enumerate(heads):
            justify: Any = "right" if place in right else "left"
            table.add_column(self.text(head), justify=justify, overflow="fold", no_wrap=place in unbroken)
        for row in rows:
            table.add_row(*(shown(_plain(cell)) for cell in row))
        _print(table, sys.stdout)

    def facts(self, facts: Iterable[tuple[Text, object]]) -> None:
        """Names and values, one pair a line."""
        pairs = [(self.text(name), shown(_plain(value))) for name, value in facts]
        width = max((len(name) for name, _ in pairs), default=0)
        for name, value in pairs:
            _print(f"{name:<{width}}  {value}", sys.stdout)

    def space(self) -> None:
        _print("", sys.stdout)

    def json(self, value: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")

    def answer(self, value: Mapping[str, Any], *, en: str, pl: str) -> None:
        """`value` for a program, the paragraph for a person."""
        if self.as_json:
            self.json(value)
        else:
            self.say(en=en, pl=pl)

    def json_with_rows(self, head: Mapping[str, Any], name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """One JSON object whose member `name` is an array of any length, written as it comes."""
        sys.stdout.write(json.dumps(head, ensure_ascii=False)[:-1] + f', "{name}": [')
        for place, row in enumerate(rows):
            sys.stdout.write(("," if place else "") + "\n" + json.dumps(row, ensure_ascii=False))
        sys.stdout.write("\n]}\n")

    @contextmanager
    def progress(self, *, en: str, pl: str, unit: str = "items") -> Iterator[Advance]:
        """A bar on standard error, on a terminal only: what it gives is called with what is done and what there is."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        count: Any = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
        columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(pl if self.language == "pl" else en, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def heads(*words: tuple[str, str]) -> list[Text]:
    """The heads of a table, each in English and Polish."""
    return [Text(en=en, pl=pl) for en, pl in words]


def screen_of(context: typer.Context) -> Screen:
    """The screen of this run, which `cli.main` has put into the context."""
    found = context.find_root().obj
    return found if isinstance(found, Screen) else Screen()


def prepared(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Screen, list[str]]:
    """The screen that the command line and the environment ask for, and the command line without `--lang`.

    Both are looked for before anything is parsed, so that a command line that is not understood is answered in the
    right language and form as well.
    """
    language, rest, source = environment.get(VARIABLE, "") or _of_locale(environment), [], iter(arguments)
    for word in source:
        if word == "--":
            rest += [word, *source]
        elif word == "--lang":
            language = next(source, "")
        elif word.startswith("--lang="):
            language = word.partition("=")[2]
        else:
            rest.append(word)
    options = rest[: rest.index("--")] if "--" in rest else rest
    return Screen(language if language in LANGUAGES else "en", as_json="--json" in options), rest


def _of_locale(environment: Mapping[str, str]) -> str:
    """The first of these variables that is set decides (POSIX.1-2017, Base Definitions, 8.2)."""
    name = next((value for key in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(key))), "")
    return "pl" if name.lower().startswith("pl") else "en"


def shown(text: str) -> str:
    """`text` with everything but line feeds that does not print (controls, direction marks) as `\\u{…}`."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else f"\\u{{{ord(one):x}}}" for one in text)


def _plain(value: object) -> str:
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def unseen(question: str) -> str:
    """What a person types without seeing it; empty at the end of the input (Ctrl-D), as without a terminal."""
    import getpass

    try:
        return getpass.getpass(question, stream=sys.stderr)
    except EOFError:
        sys.stderr.write("\n")
        return ""


def number(value: int) -> str:
    """Thousands apart, as both languages can read them."""
    return f"{value:,}".replace(",", " ")


def size(count: int) -> str:
    """Bytes for people: decimal units, as disks are sold."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{count} B" if count < 1000 else f"{amount:.1f} {unit}"


def _print(what: object, stream: TextIO) -> None:
    """Text goes out as it is, so that a command in it can be copied; rich lays out tables, plain for programs."""
    if isinstance(what, str):
        stream.write(what + "\n")
        stream.flush()  # `serve` and `watch` say something and go on: into a pipe too it comes at once
        return
    from rich.console import Console

    terminal, drawn = stream.isatty(), StringIO()
    width = _columns() if terminal else WITHOUT_TERMINAL
    console = Console(file=drawn, width=width, force_terminal=terminal, markup=False, highlight=False, emoji=False)
    console.print(what)
    text = drawn.getvalue()
    stream.write(text if terminal else "".join(line.rstrip() + "\n" for line in text.splitlines()))


def _columns() -> int:
    try:
        found = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns
    except (OSError, ValueError):
        found = 0
    return max(found, 40) if found else 80


def forgiving(*streams: TextIO) -> None:
    """A character that the locale's encoding lacks is written as an escape instead of ending the run."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
