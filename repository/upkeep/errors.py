"""Errors of upkeep's own parts."""

from storage.errors import ArchiveError, Text


class ReapingRefused(ArchiveError):
    code = "UPK-001"
    exit_code = 7
    what = Text(
        en="The log holds {count} entries of which the catalogue has no row: what looks left over may be needed.",
        pl="Rejestr ma wpisy ({count}), dla których katalog nie ma wierszy: zbędne z pozoru może być potrzebne.",
    )
    kept = Text(en="Nothing was deleted.", pl="Niczego nie usunięto.")
    todo = Text(
        en="Run `edm-archive rebuild` first. If that names lost objects, restore them from a copy of the store.",
        pl="Najpierw uruchom `edm-archive rebuild`. Jeśli wskaże utracone obiekty, odtwórz je z kopii magazynu.",
    )
