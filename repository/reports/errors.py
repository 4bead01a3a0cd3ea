"""What goes wrong when a report is asked for. None of these tells whether a patient is there.

ArchiveError (storage/errors.py)
├─ PatientNotNamed    what was typed cannot name a patient
├─ PeriodWrong        a day that is none, or an end before its beginning
├─ NotDueForReview    no such account waits for somebody to look at it
├─ JournalBusy        checkpoints follow each other too fast to make a report up to one
├─ CopyWrong          a copy of nothing, or of nobody's documentation
└─ WageWrong          an average wage that cannot be one
"""

from storage.errors import ArchiveError, Text

NOTHING_DONE = Text(en="Nothing was changed.", pl="Niczego nie zmieniono.")


class ReportError(ArchiveError):
    code = "RPT-000"
    exit_code = 2
    kept = NOTHING_DONE


class PatientNotNamed(ReportError):
    code = "RPT-001"
    what = Text(en="This does not name a patient.", pl="To nie wskazuje pacjenta.")
    todo = Text(
        en="Give a PESEL, ROOT^EXTENSION, or TAKEOVER/NUMBER. Wildcards are not taken.",
        pl="Podaj PESEL, ROOT^EXTENSION albo PRZEJĘCIE/NUMER. Symbole wieloznaczne nie są przyjmowane.",
    )


class PeriodWrong(ReportError):
    code = "RPT-002"
    what = Text(en="The period is not one: {reason}.", pl="Okres jest nieprawidłowy: {reason}.")
    todo = Text(
        en="Give days as YYYY-MM-DD, from 1996 on, the first before the last.",
        pl="Podaj dni jako RRRR-MM-DD, od 1996 roku, pierwszy przed ostatnim.",
    )


class NotDueForReview(ReportError):
    code = "RPT-003"
    what = Text(
        en="No account of this number waits for your review.",
        pl="Żaden zapis o tym numerze nie czeka na Twój przegląd.",
    )
    todo = Text(
        en="List them with `edm-archive audit review list`. Nobody reviews what he did himself.",
        pl="Wypisz je poleceniem `edm-archive audit review list`. Nikt nie przegląda własnych czynności.",
    )


class JournalBusy(ReportError):
    code = "RPT-004"
    exit_code = 7
    retryable = True
    what = Text(
        en="Checkpoints follow each other too fast to make a report up to one of them.",
        pl="Punkty kontrolne następują zbyt szybko, aby sporządzić zestawienie do jednego z nich.",
    )
    todo = Text(en="Run the same command again.", pl="Uruchom to samo polecenie ponownie.")


class CopyWrong(ReportError):
    code = "RPT-005"
    what = Text(
        en="There is no copy of nothing, nor of nobody's documentation.",
        pl="Nie ma kopii niczego ani kopii dokumentacji niczyjej.",
    )
    todo = Text(
        en="Name the patient by an identifier with its root, and at least one document.",
        pl="Wskaż pacjenta identyfikatorem z jego rootem i co najmniej jeden dokument.",
    )


class WageWrong(ReportError):
    code = "RPT-006"
    what = Text(
        en="This cannot be an average wage or a count.", pl="To nie może być przeciętne wynagrodzenie ani liczba."
    )
    todo = Text(
        en="Give the wage in whole grosze, above zero, and counts that are not negative.",
        pl="Podaj wynagrodzenie w pełnych groszach, większe od zera, i liczby nieujemne.",
    )
