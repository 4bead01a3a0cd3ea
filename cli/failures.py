"""Errors at the door: what happened, what was not lost, what to do next; a code and an exit code; never a traceback.

ArchiveError            its own texts and exit code
OSError                 ARC-001: the machine did not let us go on
Ctrl-C, SIGTERM         130, 143: what was kept is said
closed pipe             141, in silence: whoever read has read enough
command line            2: what is not understood, without repeating a value
anything else           ARC-999: our bug; the traceback goes to a file that only the owner can read
"""

import errno
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from cli.options import Misused
from cli.screen import Screen, shown
from storage.errors import ArchiveError, Text

DEBUG = "EDM_ARCHIVE_DEBUG"
INTERRUPTED, PIPE_CLOSED, TERMINATED, USAGE = 130, 141, 143, 2


class MachineRefused(ArchiveError):
    """An error of the operating system outside of the object store and the catalogue; `reason` is its symbol."""

    code = "ARC-001"
    exit_code = 7
    what = Text(
        en="This machine did not let the command go on ({reason}).",
        pl="System nie pozwolił kontynuować ({reason}).",
    )
    todo = Text(
        en="Check free space and permissions, and run the same command again.",
        pl="Sprawdź wolne miejsce i uprawnienia, po czym uruchom to samo polecenie ponownie.",
    )


class CommandNotUnderstood(ArchiveError):
    code = "ARC-002"
    exit_code = USAGE
    what = Text(en="The command line is not understood: {reason}.", pl="Niezrozumiałe polecenie: {reason}.")
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    todo = Text(en="`{command} --help` shows how it is used.", pl="`{command} --help` pokazuje, jak go użyć.")


class Terminated(KeyboardInterrupt):
    """Somebody sent SIGTERM: the verb ends as by Ctrl-C, with an exit code of its own."""


class Bug(ArchiveError):
    """Something that nobody foresaw."""

    code = "ARC-999"
    what = Text(en="This is a bug in the program ({kind}).", pl="To błąd w programie ({kind}).")
    todo = Text(
        en="Report it with the file {file}; look first whether personal data is in it. The command may be tried again.",
        pl="Zgłoś go z plikiem {file}; sprawdź najpierw, czy nie ma w nim danych osobowych. Polecenie można powtórzyć.",
    )


def guarded(run: Callable[[], Any], screen: Screen) -> Any:
    """What `run` gives; a failure is told, and ends in `typer.Exit` with its code."""
    try:
        return run()
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt as stopped:
        _tell_interrupted(screen)
        raise typer.Exit(TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED) from None
    except BrokenPipeError:
        raise typer.Exit(_quiet()) from None
    except Exception as error:  # noqa: BLE001  the last door before a person
        raise typer.Exit(report(error, screen)) from None


def flushed(code: int, screen: Screen) -> int:
    """What is still in the buffer of standard output is part of the answer: a full disk there is told as well."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _quiet()
    except OSError as error:
        _quiet()
        refused = _of_machine(error)
        tell(refused, Screen(screen.language))
        return refused.exit_code
    return code


def report(error: Exception, screen: Screen) -> int:
    """`error` is told in the language and form of `screen`. Returns the exit code."""
    if isinstance(error, typer.TyperException):
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(error.message + "\n")
            return USAGE
        error = _not_understood(error, screen)
    elif isinstance(error, OSError):
        error = _of_machine(error)
    elif not isinstance(error, ArchiveError):
        error = _bug(error)
    if not isinstance(error, ArchiveError):
        raise TypeError("internal: an error without texts")
    if os.environ.get(DEBUG) == "1":
        traceback.print_exc()
    tell(error, screen)
    return error.exit_code


def tell(error: ArchiveError, screen: Screen) -> None:
    """Three sentences and a code: on standard error for people, on standard output as JSON for programs."""
    if screen.as_json:
        with suppress(OSError):  # where standard output is what fails, standard error has to do
            sys.stdout.write(json.dumps({"error": as_json(error, screen)}, ensure_ascii=False, indent=1) + "\n")
            return
    head = "Błąd" if screen.language == "pl" else "Error"
    lines = (
        f"{head} {error.code}: {screen.text(error.message)}",
        screen.text(error.kept),
        screen.text(error.advice),
    )
    sys.stderr.write("\n".join(map(shown, lines)) + "\n")


def as_json(error: ArchiveError, screen: Screen) -> dict[str, Any]:
    return {
        "code": error.code,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
        "what": screen.text(error.message),
        "kept": screen.text(error.kept),
        "todo": screen.text(error.advice),
    }


def _tell_interrupted(screen: Screen) -> None:
    kept = screen.text(screen.kept_so_far)
    if screen.as_json:
        sys.stdout.write(json.dumps({"interrupted": {"kept": kept}}, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stderr.write(("\nPrzerwano. " if screen.language == "pl" else "\nStopped. ") + kept + "\n")


def _quiet() -> int:
    """Nobody reads standard output any more: what is still in its buffer goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return PIPE_CLOSED


def _of_machine(error: OSError) -> MachineRefused:
    """The symbol only: an operating system's message may name a path, and a path a patient."""
    return MachineRefused(reason=errno.errorcode.get(error.errno or 0, type(error).__name__))


def _bug(error: Exception) -> Bug:
    return Bug(kind=type(error).__name__, file=str(_kept_traceback(error)))


def _kept_traceback(error: Exception) -> Path | str:
    """The traceback in a file of mode 0600: below the archive's home, else in the folder for temporary files."""
    name = f"edm-archive-bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-"
    home = Path(os.environ.get("EDM_ARCHIVE_HOME") or "var/archive")
    for folder in (home / "var", Path(tempfile.gettempdir())):
        try:
            if folder.parent == home and home.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
            handle, path = tempfile.mkstemp(prefix=name, suffix=".txt", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as out:
                out.writelines(traceback.format_exception(error))
        except OSError:
            continue
        return Path(path)
    return "–"


def _not_understood(error: typer.TyperException, screen: Screen) -> CommandNotUnderstood:
    """typer's exception in our words. Values are not repeated: a patient's number may stand in the wrong place."""
    context = getattr(error, "ctx", None)
    en, pl = _reason(error)
    return CommandNotUnderstood(
        reason=pl if screen.language == "pl" else en,
        command=context.command_path if context is not None else "edm-archive",
    )


def _reason(error: typer.TyperException) -> tuple[str, str]:
    if isinstance(error, Misused):
        return error.said.en, error.said.pl
    option, parameter = getattr(error, "option_name", ""), getattr(error, "param", None)
    match type(error).__name__:
        case "NoSuchOption":
            return f"there is no option {option}", f"nie ma opcji {option}"
        case "BadOptionUsage":
            return (
                f"the option {option} lacks its value, or takes none",
                f"opcja {option} nie ma wartości albo jej nie przyjmuje",
            )
        case "MissingParameter":
            name = _name(parameter)
            return f"{name} is missing", f"brakuje {name}"
        case "BadParameter":
            return _of_value(_name(parameter) or str(getattr(error, "param_hint", "")), parameter)
    return "an unknown verb, or more words than it takes", "nieznane słowo polecenia albo za dużo słów"


def _of_value(name: str, parameter: Any) -> tuple[str, str]:
    kind = getattr(parameter, "type_descriptor", None)
    if getattr(kind, "annotation", None) is Path:
        return (
            f"what {name} names is not there, is no file, or cannot be read",
            f"tego, co wskazuje {name}, nie ma, nie jest plikiem albo nie można tego odczytać",
        )
    choices = "|".join(map(_choice, getattr(kind, "choices", None) or ()))
    hint = f" ({choices})" if choices else ""
    return f"the value of {name} cannot be used{hint}", f"wartość {name} jest niewłaściwa{hint}"


def _choice(choice: object) -> str:
    return str(getattr(choice, "value", choice))


def _name(parameter: Any) -> str:
    if parameter is None:
        return ""
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name).upper()
