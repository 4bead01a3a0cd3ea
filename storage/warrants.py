"""Leave to open stored objects, and the ledger of what was opened under it.

No member of a pack is opened without a warrant: it names the account that was written beforehand, and the objects that
it extends to. Before a data key is used, one line goes into this process's ledger file. The ledger is kept apart from
the catalogue and by another hand (this package knows neither accounts nor people), so that the two can be compared: a
line without its account is an opening that nobody accounted for (`repository/upkeep/gaps.py`).

A line is `<account> <name of the object>\n`; runs of equal lines are written once. The file is appended to with
one write(2) for each line and not synced: it survives the death of the process, and after a power cut its end may be
missing, never its middle. It holds no personal data.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from storage.errors import StoreRefused

SUFFIX = ".openings"


@dataclass(frozen=True, slots=True)
class Warrant:
    """`account`: the number of the account. `places`: objects whose names begin with one of these may be opened."""

    account: int
    places: tuple[str, ...]

    def extends_to(self, key: str) -> bool:
        return self.account > 0 and key.startswith(self.places)


NONE = Warrant(0, ())
"""The warrant that extends to nothing."""


class Openings(Protocol):
    """Where openings are written down."""

    def note(self, warrant: Warrant, key: str) -> None:
        """The opening is written down when this returns; what raises stops the opening."""
        ...

    def close(self) -> None: ...


class Ledger:
    """One process's ledger, a file in `folder` that is made with the first line. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._last = ""
        self._lock = Lock()

    def note(self, warrant: Warrant, key: str) -> None:
        line = f"{warrant.account} {key}\n"
        with self._lock:
            if line == self._last:
                return
            try:
                self._append(line.encode())
            except OSError as error:
                raise StoreRefused(reason="the ledger of openings cannot be written") from error
            self._last = line

    def _append(self, line: bytes) -> None:
        if self._file is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = f"{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self._folder / name, flags, 0o600)
        if os.write(self._file, line) != len(line):
            raise OSError("cut short")

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file, self._last = None, ""


class Unwritten:
    """No ledger: for a vault that belongs to no home (a rebuilt one, a test of sealing alone)."""

    def note(self, warrant: Warrant, key: str) -> None:
        """Nothing is written down."""

    def close(self) -> None:
        """There is nothing to close."""


def openings(folder: Path) -> Iterator[tuple[int, str]]:
    """(account, object) of every line in the ledgers of `folder`, a last one that was cut off left out.

    A line that is not in form is given as account 0, so that whoever compares finds it.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    continue
                number, _, key = line.rstrip(b"\n").decode("utf-8", "replace").partition(" ")
                yield (int(number) if number.isascii() and number.isdecimal() else 0), key
