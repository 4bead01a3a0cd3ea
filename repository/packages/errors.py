"""What stops the reading of a package as a whole, or of one item in it.

    ArchiveError
    └─ PackageError
       ├─ PackageMissing      nothing is there under that path
       ├─ PackageUnreadable   the machine does not let us read it: may pass
       ├─ PackageUnusable     it was read, and nothing can be taken from it; `finding` says why
       ├─ PackageChanged      it is not what it was when it was listed
       ├─ ManifestUnusable    the manifest given beside the package cannot be used
       ├─ ItemUnreadable      one item gives no bytes, or not the ones it announces; `finding` says why
       └─ PackageIsArchive    what it holds is the archive's own

Paths inside a package may name patients: they are never in an error, only in findings, which stay in the archive.
"""

from repository.findings import Finding
from storage.errors import ArchiveError, Text


class PackageError(ArchiveError):
    code = "PKG-000"
    exit_code = 2
    what = Text(en="The package cannot be read.", pl="Nie można odczytać paczki.")
    todo = Text(en="Check the package.", pl="Sprawdź paczkę.")


class PackageMissing(PackageError):
    code = "PKG-001"
    what = Text(en="There is no package at {path}.", pl="W {path} nie ma paczki.")
    todo = Text(en="Check the path.", pl="Sprawdź ścieżkę.")


_NO_MORE = frozenset({"EMFILE", "ENFILE", "ENOMEM"})


class PackageUnreadable(PackageError):
    code = "PKG-002"
    retryable = True
    what = Text(en="The package {path} cannot be read ({reason}).", pl="Nie można odczytać paczki {path} ({reason}).")
    todo = Text(
        en="Check the disk and the permissions, and run the same command again: it goes on where it stopped.",
        pl="Sprawdź dysk i uprawnienia, po czym uruchom to samo polecenie ponownie: praca zostanie wznowiona.",
    )

    @property
    def is_machines(self) -> bool:
        """Whether the machine has no more to give (descriptors, memory) at the moment: then nothing is known of what
        was to be read, and nothing may be settled by it."""
        return self.fields["reason"] in _NO_MORE

    def of_item(self) -> "ItemUnreadable | PackageUnreadable":
        """The error of the one item that was to be read."""
        return self if self.is_machines else ItemUnreadable("PKG-UNREADABLE")


class PackageUnusable(PackageError):
    """`finding` is the reason, with its own texts."""

    code = "PKG-003"
    exit_code = 4
    what = Text(
        en="Nothing can be taken from this package ({finding}).", pl="Z tej paczki nic nie da się przejąć ({finding})."
    )
    todo = Text(
        en="See docs/packages.md for what a package is, and ask the producer for another.",
        pl="Zobacz w docs/packages.md, czym jest paczka, i poproś podmiot o nową.",
    )

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding=finding.code)


class PackageChanged(PackageError):
    code = "PKG-004"
    exit_code = 6
    what = Text(
        en="The package {path} is being changed while it is read.",
        pl="Paczka {path} zmienia się w trakcie odczytu.",
    )
    todo = Text(
        en="Let nobody write to the package, and run the same command again.",
        pl="Dopilnuj, by nikt nie pisał do paczki, i uruchom to samo polecenie ponownie.",
    )


class ManifestUnusable(PackageError):
    code = "PKG-005"
    what = Text(en="The manifest {path} cannot be used ({reason}).", pl="Nie można użyć wykazu {path} ({reason}).")
    todo = Text(
        en="See docs/packages.md for the columns of a manifest.",
        pl="Kolumny wykazu opisuje docs/packages.md.",
    )


class ItemUnreadable(PackageError):
    """`finding` is a code of `findings/codes/pkg.json`; which item it was, the caller knows."""

    code = "PKG-006"
    what = Text(
        en="An item of the package cannot be read ({finding}).", pl="Nie można odczytać elementu paczki ({finding})."
    )
    todo = Text(
        en="The item is named in the statement. Ask the producer for it.",
        pl="Element jest wymieniony w zestawieniu. Poproś o niego podmiot przekazujący.",
    )

    def __init__(self, finding: str) -> None:
        self.finding = finding
        super().__init__(finding=finding)


class PackageIsArchive(PackageError):
    """Taken over, the archive would grow by what it writes of itself, and its keys would lie in it."""

    code = "PKG-007"
    what = Text(
        en="The package {path} holds the archive itself, or lies in its object store.",
        pl="Paczka {path} zawiera samo archiwum albo leży w jego magazynie obiektów.",
    )
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    todo = Text(
        en="Name the folder or file that the provider handed over; keep it apart from the archive's home, object store "
        "and keys.",
        pl="Wskaż folder lub plik przekazany przez podmiot; trzymaj go osobno od folderu archiwum, magazynu obiektów i "
        "kluczy.",
    )
