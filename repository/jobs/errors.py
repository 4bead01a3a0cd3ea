"""Errors of jobs; their codes stand in the row of a job that failed."""

from storage.errors import ArchiveError, Text

UNEXPECTED = "JOB-INTERNAL"  # the code of a job that failed by a fault of the program


class PackageDiffers(ArchiveError):
    code = "JOB-001"
    exit_code = 6
    what = Text(
        en="The package at {path} is not the one that takeover {takeover} was opened for.",
        pl="Paczka w {path} nie jest tą, dla której otwarto przejęcie {takeover}.",
    )
    todo = Text(
        en="Put the package back as it was and ask for its takeover again, or receive the new one as a new takeover.",
        pl="Przywróć paczkę w poprzedniej postaci i zleć przejęcie ponownie albo przyjmij nową jako nowe przejęcie.",
    )


class OrderMissing(ArchiveError):
    code = "JOB-002"
    exit_code = 6
    retryable = True
    what = Text(
        en="What was asked for with takeover {takeover} is not in {path}.",
        pl="W {path} nie ma zlecenia przejęcia {takeover}.",
    )
    todo = Text(
        en="Run the worker with the home folder in which the takeover was asked for, or ask for it again.",
        pl="Uruchom proces z folderem, w którym zlecono przejęcie, albo zleć je ponownie.",
    )


class OrderDamaged(ArchiveError):
    code = "JOB-003"
    exit_code = 6
    what = Text(en="{path} is not an order that can be read.", pl="{path} nie jest czytelnym zleceniem.")
    todo = Text(en="Delete the file and ask for the takeover again.", pl="Usuń ten plik i zleć przejęcie ponownie.")


class OrderNotKept(ArchiveError):
    code = "JOB-004"
    exit_code = 9
    what = Text(
        en="The order cannot be kept in {path} ({reason}).", pl="Nie można zapisać zlecenia w {path} ({reason})."
    )
    todo = Text(
        en="Check the disk and the permissions of the home folder, and run the same command again.",
        pl="Sprawdź dysk i prawa folderu archiwum, po czym uruchom to samo polecenie ponownie.",
    )


class TakeoverHeld(ArchiveError):
    code = "JOB-005"
    exit_code = 9
    retryable = True
    what = Text(
        en="A worker has takeover {takeover} in hand (job {job}).",
        pl="Przejęciem {takeover} zajmuje się inny proces (zadanie {job}).",
    )
    todo = Text(
        en="Wait for it to end, and run the same command again: it gives the outcome, or goes on where that stopped.",
        pl="Poczekaj na jego koniec i powtórz polecenie: poda wynik albo wznowi pracę.",
    )
