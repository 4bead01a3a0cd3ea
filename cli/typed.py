"""What a person types, secrets unseen: asked for at a terminal, read line by line from standard input without one."""

import sys
from pathlib import Path

from cli.identity import read_owned
from cli.screen import Screen, unseen
from repository.people.errors import PeopleError
from repository.people.passphrases import SHORTEST
from storage.errors import Text

LONGEST_LINE = 4096

INVITATION = Text(en="Invitation code", pl="Kod zaproszenia")
PASSWORD = Text(en="Password", pl="Hasło")
NEW_PASSWORD = Text(
    en=f"New password ({SHORTEST} characters or more)", pl=f"Nowe hasło (co najmniej {SHORTEST} znaków)"
)
AGAIN = Text(en="The same password again", pl="To samo hasło ponownie")
CODE = Text(en="Code (empty if you have none)", pl="Kod (puste, jeśli go nie używasz)")
CONFIRMING = Text(en="Code that your device shows now", pl="Kod, który pokazuje teraz urządzenie")
GIVEN_NAME = Text(en="First name", pl="Imię")
SURNAME = Text(en="Surname", pl="Nazwisko")


class TypedDifferently(PeopleError):
    code = "PPL-023"
    what = Text(en="The password was not typed the same twice.", pl="Za drugim razem wpisano inne hasło.")
    todo = Text(en="Run the command again.", pl="Powtórz polecenie.")


def at_a_terminal() -> bool:
    return sys.stdin.isatty()


def typed(screen: Screen, question: Text, *, secret: bool = True) -> str:
    """One answer, without its end of line; empty at the end of the input. What is no secret is seen as it is typed."""
    if not secret and at_a_terminal():
        sys.stderr.write(f"{screen.text(question)}: ")
        sys.stderr.flush()
    if not secret or not at_a_terminal():
        return sys.stdin.readline(LONGEST_LINE).rstrip("\r\n")
    return unseen(f"{screen.text(question)}: ")


def password(screen: Screen, file: Path | None, *, question: Text = PASSWORD, twice: bool = False) -> str:
    """The password in `file`, or what is typed; a new one has to be typed twice at a terminal."""
    if file is not None:
        return read_owned(file).rstrip("\r\n")
    first = typed(screen, question)
    if twice and at_a_terminal() and typed(screen, AGAIN) != first:
        raise TypedDifferently
    return first
