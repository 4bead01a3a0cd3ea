"""What can go wrong with the catalogue. Vendor errors become these at the border (`border.py`) and nowhere else.

Texts and fields name tables, numbers and reasons of the engine, never values of a row.
"""

from storage.errors import ArchiveError, Text


class CatalogueError(ArchiveError):
    code = "CAT-000"
    exit_code = 9
    what = Text(en="The catalogue failed ({reason}).", pl="Błąd katalogu ({reason}).")
    todo = Text(
        en="Run `edm-archive doctor`. The catalogue can be rebuilt from the object store with `edm-archive rebuild`.",
        pl="Uruchom `edm-archive doctor`. Katalog można odbudować z magazynu poleceniem `edm-archive rebuild`.",
    )


class CatalogueMissing(CatalogueError):
    code = "CAT-001"
    what = Text(en="There is no catalogue at {place}.", pl="W {place} nie ma katalogu.")
    todo = Text(
        en="Check EDM_ARCHIVE_HOME and the database address, restore the database, or run `edm-archive rebuild`.",
        pl="Sprawdź EDM_ARCHIVE_HOME i adres bazy, odtwórz bazę z kopii albo uruchom `edm-archive rebuild`.",
    )


class CatalogueExists(CatalogueError):
    code = "CAT-002"
    what = Text(en="There is a catalogue at {place} already.", pl="W {place} jest już katalog.")
    todo = Text(en="Nothing was overwritten. Choose another place.", pl="Niczego nie nadpisano. Wybierz inne miejsce.")


class CatalogueTooNew(CatalogueError):
    code = "CAT-003"
    what = Text(
        en="The catalogue has schema {found}, which this version of the program does not know.",
        pl="Katalog ma schemat {found}, którego ta wersja programu nie zna.",
    )
    todo = Text(en="Run the newer version of the program.", pl="Użyj nowszej wersji programu.")


class CatalogueNeedsUpgrade(CatalogueError):
    code = "CAT-004"
    what = Text(
        en="The catalogue has schema {found}; this version of the program needs {needed}.",
        pl="Katalog ma schemat {found}; ta wersja programu wymaga {needed}.",
    )
    todo = Text(
        en="Make a copy of the database, then run `edm-archive db upgrade`.",
        pl="Zrób kopię bazy danych, a potem uruchom `edm-archive db upgrade`.",
    )


class CatalogueUnavailable(CatalogueError):
    code = "CAT-005"
    retryable = True
    what = Text(en="The database does not answer ({reason}).", pl="Baza danych nie odpowiada ({reason}).")
    todo = Text(
        en="Check the database and run the same command again: it goes on where it stopped.",
        pl="Sprawdź bazę i uruchom to samo polecenie ponownie: praca zostanie wznowiona.",
    )


class CatalogueBusy(CatalogueError):
    code = "CAT-006"
    retryable = True
    what = Text(en="Another process holds the catalogue ({reason}).", pl="Katalog zajmuje inny proces ({reason}).")
    todo = Text(
        en="Wait for it to finish and run the same command again.",
        pl="Poczekaj na jego koniec i uruchom to samo polecenie ponownie.",
    )


class CatalogueFull(CatalogueError):
    code = "CAT-007"
    what = Text(en="The disk of the catalogue is full.", pl="Dysk katalogu jest pełny.")
    todo = Text(
        en="Make room and run the same command again: it goes on where it stopped.",
        pl="Zwolnij miejsce i uruchom to samo polecenie ponownie: praca zostanie wznowiona.",
    )


class CatalogueDamaged(CatalogueError):
    code = "CAT-008"
    what = Text(en="The database is damaged ({reason}).", pl="Baza danych jest uszkodzona ({reason}).")
    todo = Text(
        en="Stop writing. Restore the database from a copy, or run `edm-archive rebuild`: the object store is enough.",
        pl="Wstrzymaj zapis. Odtwórz bazę z kopii albo uruchom `edm-archive rebuild`: wystarczy magazyn obiektów.",
    )


class CatalogueReadOnly(CatalogueError):
    code = "CAT-009"
    what = Text(en="The catalogue cannot be written to.", pl="Do katalogu nie można pisać.")
    todo = Text(
        en="Make the database writable for this account and run the same command again.",
        pl="Nadaj temu kontu prawo zapisu do bazy i uruchom to samo polecenie ponownie.",
    )


class CatalogueRefused(CatalogueError):
    code = "CAT-010"
    what = Text(en="The database refuses the connection ({reason}).", pl="Baza danych odmawia ({reason}).")
    todo = Text(
        en="Check the address, the name of the database and the account.",
        pl="Sprawdź adres, nazwę bazy danych i konto.",
    )


class CatalogueConflict(CatalogueError):
    """A row contradicts one that is there; the transaction left nothing behind."""

    code = "CAT-011"
    what = Text(
        en="What was to be written contradicts what the catalogue holds ({reason}).",
        pl="Zapisywane dane są sprzeczne z zawartością katalogu ({reason}).",
    )
    todo = Text(
        en="Nothing was written. If two processes write to one archive, stop one of them.",
        pl="Niczego nie zapisano. Jeśli do archiwum piszą dwa procesy, zatrzymaj jeden z nich.",
    )


class TakeoverUnknown(CatalogueError):
    """`wanted`: the id or the beginning of one; empty where what was given can be neither, and is not repeated."""

    code = "CAT-012"
    exit_code = 2
    what = Text(en="There is no takeover {wanted}.", pl="Nie ma przejęcia {wanted}.")
    todo = Text(
        en="List the takeovers with `edm-archive takeover list`.", pl="Wypisz przejęcia: `edm-archive takeover list`."
    )

    @property
    def message(self) -> Text:
        return super().message if self.fields["wanted"] != "" else _NO_ID


_NO_ID = Text(
    en="What was given is neither the id of a takeover nor the beginning of one.",
    pl="To, co podano, nie jest identyfikatorem przejęcia ani jego początkiem.",
)


class TakeoverAmbiguous(CatalogueError):
    code = "CAT-013"
    exit_code = 2
    what = Text(
        en="More than one takeover starts with {wanted}.", pl="Więcej niż jedno przejęcie zaczyna się od {wanted}."
    )
    todo = Text(en="Give more characters of it.", pl="Podaj więcej znaków.")


class TakeoverExists(CatalogueError):
    """The same package, or the same id, was opened before: `takeover_by_fingerprint` gives it."""

    code = "CAT-014"
    what = Text(en="This package has a takeover already.", pl="Ta paczka ma już przejęcie.")
    todo = Text(
        en="Run `edm-archive takeover receive` again to resume it.",
        pl="Uruchom ponownie `edm-archive takeover receive`, aby je wznowić.",
    )


class ForbiddenMove(CatalogueError):
    code = "CAT-015"
    what = Text(
        en="A takeover that is {state} cannot become {wanted}.",
        pl="Przejęcie w stanie {state} nie może przejść do stanu {wanted}.",
    )
    todo = Text(
        en="Another process may have moved it: look with `edm-archive takeover show`.",
        pl="Mógł je przesunąć inny proces: sprawdź przez `edm-archive takeover show`.",
    )


class HoldingUnknown(CatalogueError):
    code = "CAT-016"
    exit_code = 2
    what = Text(en="Takeover {takeover} has no holding {ordinal}.", pl="Przejęcie {takeover} nie ma pozycji {ordinal}.")
    todo = Text(en="Look for it with `edm-archive search`.", pl="Wyszukaj ją przez `edm-archive search`.")


class LogContradiction(CatalogueError):
    """A checkpoint that the entries of this catalogue cannot support, or that differs from one noted before."""

    code = "CAT-017"
    what = Text(
        en="The evidence log contradicts the catalogue at size {size}.",
        pl="Dziennik dowodowy jest sprzeczny z katalogiem przy rozmiarze {size}.",
    )
    todo = Text(
        en="Stop writing: the catalogue is older than its log. Run `edm-archive rebuild`.",
        pl="Wstrzymaj zapis: katalog jest starszy niż dziennik. Uruchom `edm-archive rebuild`.",
    )


class LeaseLost(CatalogueError):
    """The lease ran out and another owner has the job, or the job is finished: the result was not taken."""

    code = "CAT-018"
    what = Text(en="Job {job} is no longer held by this worker.", pl="Zadanie {job} nie należy już do tego procesu.")
    todo = Text(en="Nothing to do: its new owner goes on.", pl="Nic nie trzeba robić: zadanie kontynuuje inny proces.")


class BadCursor(CatalogueError):
    code = "CAT-019"
    exit_code = 2
    what = Text(en="The page mark is not one that a search gave.", pl="Znacznik strony nie pochodzi z wyszukiwania.")
    todo = Text(en="Start the search from its first page.", pl="Zacznij wyszukiwanie od pierwszej strony.")


class DeedUnknown(CatalogueError):
    code = "CAT-020"
    exit_code = 2
    what = Text(en="The journal has no line {number}.", pl="Dziennik nie ma wiersza {number}.")
    todo = Text(en="Lines are numbered from 1 without a gap.", pl="Wiersze są numerowane od 1 bez luk.")
