"""What can go wrong in the archive itself; every other part keeps its errors in its own room.

ArchiveError (storage/errors.py)
├─ HomeMissing · HomeExists · HomeBusy · HomeInUse · HomeUnderRebuild · HomeDamaged · HomeForbidden
├─ SecretMissing            no passphrase and no key file was given
├─ TakeoverMissing
├─ TakeoverStopped          an item could not be kept because of the archive, not of the item
└─ SettingWrong
"""

from storage.errors import ArchiveError, Text


class HomeMissing(ArchiveError):
    code = "HOM-001"
    exit_code = 2
    what = Text(en="There is no archive at {home}.", pl="W {home} nie ma archiwum.")
    todo = Text(
        en="Run `edm-archive init`, or set EDM_ARCHIVE_HOME to the place of an archive.",
        pl="Uruchom `edm-archive init` albo wskaż archiwum w EDM_ARCHIVE_HOME.",
    )


class HomeExists(ArchiveError):
    code = "HOM-002"
    exit_code = 2
    what = Text(en="There is an archive at {home} already.", pl="W {home} jest już archiwum.")
    todo = Text(
        en="Nothing was changed. Set EDM_ARCHIVE_HOME to another place for a new archive.",
        pl="Niczego nie zmieniono. Dla nowego archiwum wskaż inne miejsce w EDM_ARCHIVE_HOME.",
    )


class HomeBusy(ArchiveError):
    code = "HOM-003"
    exit_code = 9
    retryable = True
    what = Text(
        en="Another process (pid {pid}) is writing to the archive at {home}.",
        pl="Inny proces (pid {pid}) zapisuje w archiwum {home}.",
    )
    todo = Text(
        en="Wait until it ends, then run the same command again. Reading commands need not wait.",
        pl="Poczekaj na jego koniec i powtórz polecenie. Polecenia odczytu nie muszą czekać.",
    )


class HomeInUse(ArchiveError):
    code = "HOM-007"
    exit_code = 9
    retryable = True
    what = Text(
        en="The archive at {home} is in use: by `serve`, `worker`, or a command that is not done yet.",
        pl="Archiwum {home} jest w użyciu: przez `serve`, `worker` albo polecenie, które jeszcze trwa.",
    )
    todo = Text(
        en="Stop the first two, wait for the last, run the same command again, and start them afterwards.",
        pl="Zatrzymaj dwa pierwsze, poczekaj na ostatnie, powtórz polecenie i uruchom je po jego zakończeniu.",
    )


class HomeUnderRebuild(ArchiveError):
    code = "HOM-008"
    exit_code = 9
    retryable = True
    what = Text(
        en="The catalogue of the archive at {home} is being made again (`rebuild`, pid {pid}).",
        pl="Katalog archiwum {home} jest właśnie odbudowywany (`rebuild`, pid {pid}).",
    )
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    todo = Text(
        en="Wait until it ends, then run the same command again.",
        pl="Poczekaj na jego koniec i powtórz polecenie.",
    )


class HomeDamaged(ArchiveError):
    code = "HOM-004"
    exit_code = 2
    what = Text(en="{path} cannot be read as it should: {reason}.", pl="Nie można odczytać {path}: {reason}.")
    todo = Text(en="Put the file back from its backup.", pl="Odtwórz plik z kopii.")


class HomeForbidden(HomeDamaged):
    """The machine says no; nothing is known of what the file holds. `reason` is a symbol of the operating system."""

    code = "HOM-010"
    what = Text(
        en="{path} cannot be opened for what is to be done ({reason}).",
        pl="Nie można otworzyć {path} do tego, co ma być zrobione ({reason}).",
    )
    todo = Text(
        en="Check that this account may read and write it, and that its disk is there and not full.",
        pl="Sprawdź, czy to konto może ten plik czytać i zapisywać oraz czy dysk jest dostępny i nie jest pełny.",
    )


class SecretMissing(ArchiveError):
    code = "HOM-005"
    exit_code = 8
    what = Text(en="Neither a passphrase nor a key file was given.", pl="Nie podano ani hasła, ani pliku klucza.")
    todo = Text(
        en="Set EDM_ARCHIVE_KEY_FILE or EDM_ARCHIVE_PASSPHRASE_FILE, or run the command in a terminal.",
        pl="Ustaw EDM_ARCHIVE_KEY_FILE lub EDM_ARCHIVE_PASSPHRASE_FILE albo uruchom polecenie w terminalu.",
    )


class SettingWrong(ArchiveError):
    code = "HOM-006"
    exit_code = 2
    what = Text(en="{setting} is not usable: {reason}.", pl="Nie można użyć {setting}: {reason}.")
    todo = Text(en="Correct it and run the command again.", pl="Popraw i powtórz polecenie.")


class ProcessesDied(ArchiveError):
    """`code`: how the last of them ended."""

    code = "HOM-009"
    exit_code = 1
    what = Text(
        en="The processes that answer end as soon as they are started (exit {code}).",
        pl="Procesy odpowiadające kończą się zaraz po uruchomieniu (kod {code}).",
    )
    todo = Text(
        en="The lines before this one say why. Nothing is being served.",
        pl="Powód podają wcześniejsze wiersze. Nic nie jest udostępniane.",
    )
