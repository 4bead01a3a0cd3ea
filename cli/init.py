"""`edm-archive init`: a new archive: key ring, store, catalogue, and the public key for those who check proofs."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.opening import asked, settings
from cli.options import Json
from cli.screen import Screen, screen_of
from storage.errors import ArchiveError, Text

if TYPE_CHECKING:
    from repository.settings import Home, Settings
    from storage.keys.protection import Protection


class PassphraseUnusable(ArchiveError):
    code = "INI-001"
    exit_code = 2
    what = Text(
        en="The passphrase is shorter than 12 bytes, or was not typed the same twice.",
        pl="Hasło jest krótsze niż 12 bajtów albo za drugim razem wpisano inne.",
    )
    kept = Text(en="No archive was made.", pl="Nie utworzono archiwum.")
    todo = Text(
        en="Run the command again; a sentence of several words is easy to keep.",
        pl="Powtórz polecenie; łatwo zapamiętać zdanie z kilku słów.",
    )


class OneSecretOnly(ArchiveError):
    code = "INI-002"
    exit_code = 2
    what = Text(
        en="Both a key file and a passphrase file were named.",
        pl="Podano zarówno plik klucza, jak i plik z hasłem.",
    )
    kept = Text(en="No archive was made.", pl="Nie utworzono archiwum.")
    todo = Text(en="Choose one of them.", pl="Wybierz jedno z nich.")


class SecretInAddress(ArchiveError):
    code = "INI-003"
    exit_code = 2
    what = Text(
        en="The address of the catalogue holds a password, which every user of this machine could read.",
        pl="Adres katalogu zawiera hasło, które mógłby odczytać każdy użytkownik tej maszyny.",
    )
    kept = Text(en="No archive was made.", pl="Nie utworzono archiwum.")
    todo = Text(
        en="Leave it out, and give it to PostgreSQL's client by PGPASSFILE or ~/.pgpass.",
        pl="Pomiń je i podaj klientowi PostgreSQL przez PGPASSFILE lub ~/.pgpass.",
    )


Store = Annotated[
    str, typer.Option("--store", metavar="URL", help="file:///PATH or s3://BUCKET/PREFIX?endpoint=…  [HOME/objects]")
]
Catalogue = Annotated[
    str,
    typer.Option("--catalogue", metavar="URL", help="sqlite:///FILE or postgresql://HOST/DB  [HOME/catalogue.sqlite]"),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", metavar="FILE", help="Opens the key ring; made if it is not there.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="A file whose content opens the key ring.")
]
Unversioned = Annotated[
    bool, typer.Option("--unversioned", metavar="", help="An S3 server that keeps no versions; see `storage qualify`.")
]


def init(
    context: typer.Context,
    *,
    store: Store = "",
    catalogue: Catalogue = "",
    key_file: KeyFile = None,
    passphrase_file: PassphraseFile = None,
    unversioned: Unversioned = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Make a new archive in EDM_ARCHIVE_HOME (./var/archive).

    Without --key-file or --passphrase-file a passphrase is asked for, twice, at the terminal.
    """
    from repository.errors import HomeExists
    from repository.runtime import create_archive
    from repository.settings import FILE

    screen, found = screen_of(context), settings()
    _refuse_passwords(catalogue)
    if key_file and passphrase_file:
        raise OneSecretOnly
    if not (key_file or passphrase_file):
        key_file, passphrase_file = found.key_file, found.passphrase_file
    if (found.home / FILE).exists():
        raise HomeExists(home=str(found.home))
    with _places_named():
        protection, made_key, secret = _protection(screen, key_file, passphrase_file)
        home = create_archive(found, protection=protection, store=store, catalogue=catalogue, versioned=not unversioned)
    answer = {
        "archive": home.archive.hex,
        "home": str(found.home.resolve()),
        "verifier_key": _published(found, home),
        "key_ring": str(found.ring_path.resolve()),
        "key_file": str(key_file.resolve()) if key_file else "",
        "key_file_made": made_key,
        "store": home.store,
        "catalogue": _without_password(home.catalogue),
        "invitation": _first_invitation(found, secret),
    }
    screen.json(answer) if screen.as_json else _tell(screen, answer)


@contextmanager
def _places_named() -> Iterator[None]:
    """Where the machine refuses, its error names the place: those of a home and of a key file are of no person."""
    from cli.failures import MachineRefused

    try:
        yield
    except OSError as error:
        symbol = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise MachineRefused(reason=f"{symbol}, {error.filename}" if error.filename else symbol) from error


def _refuse_passwords(catalogue: str) -> None:
    from urllib.parse import urlsplit

    if "://" in catalogue and urlsplit(catalogue).password:
        raise SecretInAddress


def _first_invitation(found: "Settings", secret: bytes) -> dict[str, Any]:
    """The code by which the first administrator gets an account: there is no password that everybody knows."""
    from cli.identity import noting
    from cli.invitation import as_answer
    from repository.people.inviting import first_invitation
    from repository.runtime import open_archive

    with open_archive(found, secret=secret) as archive:
        return as_answer(first_invitation(archive, note=noting(archive)))


def _protection(
    screen: Screen, key_file: Path | None, passphrase_file: Path | None
) -> tuple["Protection", bool, bytes]:
    """What opens the ring, whether a key file was made for it, and the secret itself."""
    from repository.errors import SecretMissing
    from storage.keys.protection import SHORTEST_PASSPHRASE, by_key_file, by_passphrase, new_key_file
    from storage.keys.ring import read_private, write_private

    if key_file is not None:
        made = not key_file.exists()
        if made:
            write_private(key_file, new_key_file())
        content = read_private(key_file)
        return by_key_file(content), made, content
    if passphrase_file is not None:
        passphrase = read_private(passphrase_file).rstrip(b"\r\n")
    elif sys.stdin.isatty():
        passphrase = asked(screen)
        if asked(screen, again=True) != passphrase:
            raise PassphraseUnusable
    else:
        raise SecretMissing
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise PassphraseUnusable
    return by_passphrase(passphrase), False, passphrase


def _published(found: "Settings", home: "Home") -> str:
    """The public key of the log lies beside the archive, for everybody to read."""
    from cli.verifier_key import of_ring, publish

    verifier = of_ring(found.ring_path, archive=home.archive.hex)
    publish(found.home, verifier)
    return verifier


def _without_password(url: str) -> str:
    from repository.catalogue.engine import place, read_url

    return place(read_url(url))


def _tell(screen: Screen, answer: dict[str, Any]) -> None:
    screen.say(en="The archive is ready.", pl="Archiwum jest gotowe.")
    screen.facts(
        (Text(en=en, pl=pl), answer[name])
        for name, en, pl in (
            ("archive", "Archive", "Archiwum"),
            ("home", "Home", "Folder"),
            ("store", "Objects", "Obiekty"),
            ("catalogue", "Catalogue", "Katalog"),
            ("key_ring", "Key ring", "Pęk kluczy"),
            ("verifier_key", "Public key", "Klucz publiczny"),
        )
    )
    key_file = answer["key_file"]
    if answer["key_file_made"]:
        screen.say(
            en=f"A key file was made: {key_file} (only you can read it).",
            pl=f"Utworzono plik klucza: {key_file} (czyta go tylko właściciel).",
        )
    secret = Text(en="the key file" if key_file else "the passphrase", pl="plik klucza" if key_file else "hasło")
    screen.say(
        en=f"\nNow copy the key ring and {secret.en} to a safe place apart from the archive: without them nothing in "
        "it can be opened, ever, by anybody. Keep them apart from each other.",
        pl=f"\nTeraz skopiuj pęk kluczy oraz {secret.pl} w bezpieczne miejsce poza archiwum: bez nich nikt nigdy "
        "niczego w nim nie otworzy. Przechowuj je osobno.",
    )
    if key_file:
        screen.say(en="\nThen:", pl="\nPotem:")
        screen.say(en=f"  export EDM_ARCHIVE_KEY_FILE={key_file}", pl=f"  export EDM_ARCHIVE_KEY_FILE={key_file}")
    invitation = answer["invitation"]
    screen.say(
        en=f"\nThe first administrator's invitation, shown this once and good once, until {invitation['until']}:\n"
        f"\n  {invitation['code']}\n\nThey accept it with a name to sign in with: edm-archive user accept NAME",
        pl=f"\nZaproszenie pierwszego administratora, pokazane tylko teraz, jednorazowe, do {invitation['until']}:\n"
        f"\n  {invitation['code']}\n\nPrzyjmuje je, wybierając nazwę logowania: edm-archive user accept NAZWA",
    )
    screen.say(en="\nNext: edm-archive takeover receive PACKAGE", pl="\nDalej: edm-archive takeover receive PACZKA")
