"""The shell commands that a page for people shows, block by block, as its readers would type them."""

import re
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(r"^#+ ([^\n]*)$|^ *```([a-z]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CONTINUED = re.compile(r" *\\\n *")


@dataclass(frozen=True)
class Block:
    """A fenced block below `heading`; a command that goes on in the next line is one of `lines`."""

    heading: str
    lines: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    """Those that do not name a language (JSON, say), in the order of the page."""
    found, heading = [], ""
    for part in _PART.finditer(page.read_text("utf-8")):
        title, language, body = part.groups()
        if title is not None:
            heading = title
        elif not language:
            lines = (line.strip() for line in _CONTINUED.sub(" ", body).splitlines())
            found.append(Block(heading, tuple(line for line in lines if line)))
    return found


def below(page: Path, heading: str) -> list[Block]:
    """The blocks below that heading. Raises `LookupError` where there is none."""
    found = [each for each in blocks(page) if each.heading == heading]
    if not found:
        raise LookupError(f"{page.name} has no commands below {heading!r}")
    return found
