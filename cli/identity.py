"""Who is at the command line: the session that `user sign-in` keeps in a file of its owner.

The file is EDM_ARCHIVE_SESSION_FILE, or ~/.config/edm-archive/session: one line, the token, mode 0600. One that others
can read, or that belongs to somebody else, is refused.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from cli.screen import Screen
from repository.people.errors import NOTHING_CHANGED, PeopleError
from storage.errors import Text

if TYPE_CHECKING:
    from repository.access.principal import Principal
    from repository.people.noting import Note
    from repository.runtime import Archive

VARIABLE = "EDM_ARCHIVE_SESSION_FILE"
LARGEST = 4096  # bytes: a token, a password, an invitation


class NobodySignedIn(PeopleError):
    code = "PPL-020"
    what = Text(en="Nobody is signed in.", pl="Nikt nie jest zalogowany.")
    kept = NOTHING_CHANGED
    todo = Text(
        en="Run `edm-archive user sign-in NAME`. Without an account, an administrator invites you; the first one by "
        "the invitation that `edm-archive init` printed.",
        pl="Uruchom `edm-archive user sign-in NAZWA`. Gdy nie masz konta, zaprosi Cię administrator; pierwszego "
        "zaprasza kod, który wypisało `edm-archive init`.",
    )


class PrivateFileExposed(PeopleError):
    code = "PPL-021"
    what = Text(
        en="{path} can be read by others, or is not yours.", pl="{path} mogą czytać inni albo plik nie jest Twój."
    )
    todo = Text(
        en="Run `chmod 600 {path}`. If others may have read it: a session is ended by `edm-archive user sign-out`, a "
        "password is changed by `edm-archive user password`.",
        pl="Wykonaj `chmod 600 {path}`. Jeśli inni mogli go czytać: sesję kończy `edm-archive user sign-out`, a hasło "
        "zmienia `edm-archive user password`.",
    )


class PrivateFileMissing(PeopleError):
    code = "PPL-022"
    what = Text(en="The file {path} cannot be read ({reason}).", pl="Nie można odczytać pliku {path} ({reason}).")
    todo = Text(en="Check its name and its permissions.", pl="Sprawdź jego nazwę i uprawnienia.")


def signed_in(archive: "Archive", screen: Screen) -> "Principal":  # noqa: ARG001  doors that ask have one
    """Who is signed in here. Raises `NobodySignedIn`, `SessionOver`, `PrivateFileExposed`."""
    from repository.people.sessions import who

    return who(archive, kept_token())


def kept_token() -> str:
    """The token that the session file holds. Raises `NobodySignedIn`, `PrivateFileExposed`."""
    file = session_file()
    if not file.exists():
        raise NobodySignedIn
    token = read_owned(file).strip()
    if not token:
        raise NobodySignedIn
    return token


def session_file() -> Path:
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else Path.home() / ".config" / "edm-archive" / "session"


def keep(token: str) -> Path:
    """The session file holds `token`, readable by its owner only. Returns the file."""
    from storage.keys.ring import write_private

    file = session_file()
    write_private(file, token.encode() + b"\n")
    return file


def forget() -> None:
    """There is no session file."""
    session_file().unlink(missing_ok=True)


def read_owned(path: Path) -> str:
    """The text of a file that is ours and that nobody else can read. Raises `PrivateFileExposed`, `…Missing`."""
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise PrivateFileExposed(path=str(path))
            return stream.read(LARGEST).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise PrivateFileMissing(path=str(path), reason=type(error).__name__) from None


def noting(archive: "Archive") -> "Note":
    """Where deeds about people go: the journal of this archive."""
    from repository.people.noting import into_journal

    return into_journal(archive)
