"""What can go wrong with stored bytes and keys, in words for a person and a code for a program.

    ArchiveError
    └─ StorageError
       ├─ ObjectMissing            the store answers, and the object is not there
       ├─ ObjectExists             the name is taken: a lost race, or done before
       ├─ StoreUnavailable         transient: retried, and never reported as damage
       ├─ StoreRefused             not transient: credentials, bucket, permission
       ├─ StoreFull
       ├─ StoreReadOnly
       ├─ StoreLied                the store said stored, and it was not
       ├─ SealBroken               bytes do not open under this key and place
       └─ KeyUnavailable
          ├─ KeyRingMissing · KeyRingExists · KeyRingExposed · KeyRingDamaged
          ├─ WrongPassphrase · KeyFileMissing · SecretFileForbidden
          └─ RecordKeyMissing      destroyed, or lost

Every error of the product descends from `ArchiveError` and carries its texts as data: what happened, what was
not lost, what to do next, in English and Polish. Fields never hold personal data.
"""

import errno
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages; `{name}` is filled from the error's fields."""

    en: str
    pl: str

    def fill(self, fields: dict[str, str | int]) -> "Text":
        return Text(en=self.en.format_map(fields), pl=self.pl.format_map(fields))


NOTHING_LOST = Text(
    en="Nothing that the archive has acknowledged is affected.",
    pl="Nic, co archiwum potwierdziło, nie ucierpiało.",
)


class ArchiveError(Exception):
    """The root: `code` is stable, `exit_code` is what a script sees (`docs/errors.md`)."""

    code: ClassVar[str] = "ARC-000"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    what: ClassVar[Text]
    kept: ClassVar[Text] = NOTHING_LOST
    todo: ClassVar[Text]

    def __init__(self, **fields: str | int) -> None:
        self.fields = fields
        super().__init__(f"{self.code}: {self.what.fill(fields).en}")

    @property
    def message(self) -> Text:
        return self.what.fill(self.fields)

    @property
    def advice(self) -> Text:
        return self.todo.fill(self.fields)


def reason_of(error: OSError) -> str:
    """The symbolic name of an operating system's error (`EACCES`): never its text, which may hold a path."""
    return errno.errorcode.get(error.errno or 0, "EIO")


class StorageError(ArchiveError):
    exit_code = 7


class ObjectMissing(StorageError):
    code = "STO-001"
    what = Text(en="The stored object {key} is not there.", pl="Obiektu {key} nie ma w magazynie.")
    todo = Text(
        en="Run `edm-archive verify` to learn what is affected, and restore the object from a copy.",
        pl="Uruchom `edm-archive verify`, aby ustalić skutki, i odtwórz obiekt z kopii.",
    )


class ObjectExists(StorageError):
    code = "STO-002"
    what = Text(en="An object named {key} is already there.", pl="Obiekt o nazwie {key} już istnieje.")
    todo = Text(
        en="Nothing was overwritten. If two processes write to one archive, stop one of them.",
        pl="Niczego nie nadpisano. Jeśli do archiwum piszą dwa procesy, zatrzymaj jeden z nich.",
    )


class StoreUnavailable(StorageError):
    code = "STO-003"
    retryable = True
    what = Text(
        en="The object store does not answer as it should ({reason}).",
        pl="Magazyn obiektów nie odpowiada prawidłowo ({reason}).",
    )
    todo = Text(
        en="Check the store and run the same command again: it goes on where it stopped.",
        pl="Sprawdź magazyn i uruchom to samo polecenie ponownie: praca zostanie wznowiona.",
    )


class StoreRefused(StorageError):
    code = "STO-004"
    what = Text(en="The object store refuses the request ({reason}).", pl="Magazyn obiektów odmawia ({reason}).")
    todo = Text(
        en="Check the address, the bucket and the access key of the store.",
        pl="Sprawdź adres magazynu, nazwę zasobnika i klucz dostępu.",
    )


class StoreFull(StorageError):
    code = "STO-005"
    what = Text(en="The object store is full.", pl="Magazyn obiektów jest pełny.")
    todo = Text(
        en="Make room and run the same command again: it goes on where it stopped.",
        pl="Zwolnij miejsce i uruchom to samo polecenie ponownie: praca zostanie wznowiona.",
    )


class StoreReadOnly(StorageError):
    code = "STO-006"
    what = Text(en="The object store cannot be written to.", pl="Do magazynu obiektów nie można pisać.")
    todo = Text(
        en="Make the store writable for this account and run the same command again.",
        pl="Nadaj temu kontu prawo zapisu i uruchom to samo polecenie ponownie.",
    )


class StoreLied(StorageError):
    code = "STO-007"
    retryable = True
    what = Text(
        en="The store acknowledged {key}, and on reading back it is missing or different.",
        pl="Magazyn potwierdził zapis {key}, lecz przy odczycie obiektu brak lub jest inny.",
    )
    todo = Text(
        en="Nothing was acknowledged on this ground. Run `edm-archive storage qualify` before using this store.",
        pl="Niczego na tej podstawie nie potwierdzono. Uruchom `edm-archive storage qualify`.",
    )


class SealBroken(StorageError):
    code = "STO-008"
    what = Text(
        en="Stored bytes of {key} do not open: {reason}.",
        pl="Zapisane bajty {key} nie dają się otworzyć: {reason}.",
    )
    todo = Text(
        en="Run `edm-archive verify` to learn what is affected, and restore the object from a copy.",
        pl="Uruchom `edm-archive verify`, aby ustalić skutki, i odtwórz obiekt z kopii.",
    )


class OpeningRefused(StorageError):
    """A program's fault rather than a person's: an opening that no account was written for."""

    code = "STO-009"
    exit_code = 10
    what = Text(
        en="{key} was not opened: no account was written for that.",
        pl="Nie otwarto {key}: nie odnotowano takiego dostępu.",
    )
    todo = Text(
        en="Nothing left the archive. Report this: it is a fault of the program.",
        pl="Nic nie opuściło archiwum. Zgłoś to: jest to błąd programu.",
    )


class KeyUnavailable(StorageError):
    code = "KEY-000"
    exit_code = 8
    what = Text(en="A key is not available.", pl="Klucz jest niedostępny.")
    todo = Text(en="Check the key ring.", pl="Sprawdź pęk kluczy.")


class KeyRingMissing(KeyUnavailable):
    code = "KEY-001"
    what = Text(en="The key ring {path} is not there.", pl="Brak pęku kluczy {path}.")
    todo = Text(
        en="Put the key ring back from its backup. Without it nothing in the archive can be opened.",
        pl="Odtwórz pęk kluczy z kopii. Bez niego niczego w archiwum nie da się otworzyć.",
    )


class KeyRingExists(KeyUnavailable):
    code = "KEY-002"
    what = Text(en="There is a key ring at {path} already.", pl="W {path} jest już pęk kluczy.")
    todo = Text(en="Nothing was overwritten. Choose another place.", pl="Niczego nie nadpisano. Wybierz inne miejsce.")


class KeyRingExposed(KeyUnavailable):
    code = "KEY-003"
    what = Text(en="{path} can be read by others (mode {mode}).", pl="{path} mogą czytać inni (prawa {mode}).")
    todo = Text(
        en="Run `chmod 600 {path}`. If others may have read it, `edm-archive keys rotate` makes a new root key.",
        pl="Wykonaj `chmod 600 {path}`. Jeśli inni mogli go czytać, `edm-archive keys rotate` tworzy nowy klucz.",
    )


class KeyRingDamaged(KeyUnavailable):
    code = "KEY-004"
    what = Text(en="{path} is not a key ring that can be read.", pl="{path} nie jest czytelnym pękiem kluczy.")
    todo = Text(en="Put it back from its backup.", pl="Odtwórz go z kopii.")


class WrongPassphrase(KeyUnavailable):
    code = "KEY-005"
    what = Text(
        en="The passphrase or key file does not open the key ring.",
        pl="Hasło lub plik klucza nie otwiera pęku kluczy.",
    )
    todo = Text(
        en="Give the right one by EDM_ARCHIVE_PASSPHRASE_FILE, EDM_ARCHIVE_KEY_FILE or at the prompt.",
        pl="Podaj właściwe przez EDM_ARCHIVE_PASSPHRASE_FILE, EDM_ARCHIVE_KEY_FILE lub na żądanie programu.",
    )


class RecordKeyMissing(KeyUnavailable):
    code = "KEY-006"
    what = Text(
        en="The record key {record_key} is not there: it was destroyed on disposal, or lost.",
        pl="Brak klucza akt {record_key}: zniszczono go przy brakowaniu albo utracono.",
    )
    todo = Text(
        en="If there was no disposal, restore the key object from a copy of the store.",
        pl="Jeśli nie było brakowania, odtwórz obiekt klucza z kopii magazynu.",
    )


class KeyFileMissing(KeyUnavailable):
    code = "KEY-007"
    what = Text(en="The secret file {path} is not there.", pl="Brak pliku z tajemnicą {path}.")
    todo = Text(
        en="Check EDM_ARCHIVE_KEY_FILE, EDM_ARCHIVE_PASSPHRASE_FILE and EDM_ARCHIVE_S3_SECRET_KEY_FILE.",
        pl="Sprawdź EDM_ARCHIVE_KEY_FILE, EDM_ARCHIVE_PASSPHRASE_FILE i EDM_ARCHIVE_S3_SECRET_KEY_FILE.",
    )


class SecretFileForbidden(KeyUnavailable):
    """A key ring, a key file or another secret is there and the machine does not let it be read."""

    code = "KEY-008"
    what = Text(en="{path} cannot be read ({reason}).", pl="Nie można odczytać {path} ({reason}).")
    todo = Text(
        en="Check that this account is its owner and may read it (`chmod 600 {path}`), and may enter the folders "
        "above.",
        pl="Sprawdź, czy to konto jest jego właścicielem, może go czytać (`chmod 600 {path}`) i wejść do folderów "
        "powyżej.",
    )
