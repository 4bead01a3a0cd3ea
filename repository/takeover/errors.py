"""Errors of the takeover's own parts."""

from storage.errors import ArchiveError, Text


class DescriptionDamaged(ArchiveError):
    code = "TKO-E10"
    exit_code = 7
    what = Text(
        en="The description in {key} opens, but is not one that this version understands.",
        pl="Opis w {key} daje się otworzyć, lecz ta wersja go nie rozumie.",
    )
    todo = Text(
        en="Use the version of the archive that wrote it, or a later one.",
        pl="Użyj wersji archiwum, która go zapisała, lub nowszej.",
    )


class ProtocolMissing(ArchiveError):
    code = "TKO-E11"
    exit_code = 2
    what = Text(
        en="Takeover {takeover} has no protocol yet; it is {state}.",
        pl="Przejęcie {takeover} nie ma jeszcze protokołu; stan: {state}.",
    )
    todo = Text(
        en="Run `edm-archive takeover receive` on the same package: it goes on where it stopped.",
        pl="Uruchom `edm-archive takeover receive` z tą samą paczką: praca zostanie wznowiona.",
    )


class ReaderDied(ArchiveError):
    code = "TKO-E13"
    exit_code = 1
    what = Text(
        en="A process that was reading the package has died (exit {code}).",
        pl="Proces, który czytał paczkę, zakończył się nieoczekiwanie (kod {code}).",
    )
    kept = Text(
        en="Every item that was settled stays settled, and its bytes are kept.",
        pl="Każda rozliczona pozycja pozostaje rozliczona, a jej bajty są zachowane.",
    )
    todo = Text(
        en="Run `edm-archive takeover receive` on the same package again. Exit -9 mostly means that memory ran out; "
        "where it dies again, EDM_ARCHIVE_WORKERS=1 reads without such processes.",
        pl="Uruchom ponownie `edm-archive takeover receive` z tą samą paczką. Kod -9 oznacza zwykle brak pamięci; "
        "jeśli błąd się powtarza, EDM_ARCHIVE_WORKERS=1 czyta bez takich procesów.",
    )


class StatementUnbalanced(ArchiveError):
    code = "TKO-E12"
    exit_code = 7
    what = Text(
        en="The statement of takeover {takeover} does not balance ({residue}).",
        pl="Bilans przejęcia {takeover} się nie zgadza ({residue}).",
    )
    kept = Text(
        en="What was sealed stays sealed; no protocol was issued.",
        pl="Co zapieczętowano, pozostaje zapieczętowane; protokołu nie wydano.",
    )
    todo = Text(
        en="Run `edm-archive verify` and `edm-archive rebuild`: the catalogue disagrees with itself.",
        pl="Uruchom `edm-archive verify` i `edm-archive rebuild`: katalog jest niespójny.",
    )
