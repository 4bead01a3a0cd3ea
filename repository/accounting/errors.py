"""What can go wrong when accounts are rendered and sent.

ArchiveError (storage/errors.py)
├─ CollectorUnreachable     no connection, or no answer in time
├─ CollectorNotTrusted      one side does not accept the certificate or the TLS version of the other
├─ CollectorLost            the connection ended before the collector had read the batch
├─ CollectorSettingWrong
└─ AccountQueryWrong        a search parameter whose value cannot be taken
"""

from storage.errors import ArchiveError, Text

KEPT_IN_JOURNAL = Text(
    en="Every account stays in the journal, and sending goes on from the last one that arrived.",
    pl="Wszystkie zapisy pozostają w dzienniku, a wysyłanie zostanie wznowione od ostatniego doręczonego.",
)


class CollectorError(ArchiveError):
    exit_code = 7
    kept = KEPT_IN_JOURNAL


class CollectorUnreachable(CollectorError):
    code = "ACT-001"
    retryable = True
    what = Text(
        en="The audit collector {collector} does not answer ({reason}).",
        pl="Kolektor zapisów {collector} nie odpowiada ({reason}).",
    )
    todo = Text(
        en="Check its address and the network between; the archive tries again by itself.",
        pl="Sprawdź jego adres i sieć; archiwum ponowi próbę samo.",
    )


class CollectorNotTrusted(CollectorError):
    code = "ACT-002"
    what = Text(
        en="No trusted connection to the audit collector {collector} ({reason}).",
        pl="Brak zaufanego połączenia z kolektorem zapisów {collector} ({reason}).",
    )
    todo = Text(
        en="Check its certificate against EDM_ARCHIVE_AUDIT_CA_FILE, and whether it accepts ours. Nothing was sent.",
        pl="Sprawdź jego certyfikat względem EDM_ARCHIVE_AUDIT_CA_FILE i czy przyjmuje nasz. Niczego nie wysłano.",
    )


class CollectorLost(CollectorError):
    code = "ACT-003"
    retryable = True
    what = Text(
        en="The audit collector {collector} did not confirm that it read what was sent ({reason}).",
        pl="Kolektor zapisów {collector} nie potwierdził odczytania przesłanych danych ({reason}).",
    )
    todo = Text(
        en="The same accounts are sent again; the collector tells them by their number. If this does not end, it may"
        " not answer the end of a TLS connection (RFC 5425 4.4): set EDM_ARCHIVE_AUDIT_CONFIRM=silence.",
        pl="Te same zapisy zostaną wysłane ponownie; kolektor rozpozna je po numerze. Jeśli to się powtarza, może"
        " nie odpowiadać na koniec połączenia TLS (RFC 5425 4.4): ustaw EDM_ARCHIVE_AUDIT_CONFIRM=silence.",
    )


class CollectorSettingWrong(ArchiveError):
    code = "ACT-005"
    exit_code = 2
    what = Text(en="{setting} is not usable: {reason}.", pl="Nie można użyć {setting}: {reason}.")
    todo = Text(en="Correct it and run the command again.", pl="Popraw i powtórz polecenie.")


class AccountQueryWrong(ArchiveError):
    code = "ACT-006"
    exit_code = 2
    what = Text(
        en="The search parameter {parameter} cannot be taken: {reason}.",
        pl="Nie można przyjąć parametru wyszukiwania {parameter}: {reason}.",
    )
    todo = Text(en="Correct the value and search again.", pl="Popraw wartość i wyszukaj ponownie.")
