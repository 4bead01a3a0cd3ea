"""What can go wrong with the writing of a sample package."""

from storage.errors import ArchiveError, Text

NOTHING_TOUCHED = Text(en="No archive was touched.", pl="Żadne archiwum nie zostało naruszone.")


class SampleError(ArchiveError):
    code = "SAM-000"
    exit_code = 2
    kept = NOTHING_TOUCHED
    what = Text(en="The sample package was not made.", pl="Nie utworzono przykładowej paczki.")
    todo = Text(en="Choose another folder.", pl="Wybierz inny folder.")


class SamplePlaceTaken(SampleError):
    code = "SAM-001"
    what = Text(en="{path} is there already and is not empty.", pl="{path} już istnieje i nie jest pusty.")
    todo = Text(
        en="Nothing was overwritten. Name a folder that does not exist yet.",
        pl="Niczego nie nadpisano. Podaj folder, którego jeszcze nie ma.",
    )


class SampleNotWritten(SampleError):
    code = "SAM-002"
    what = Text(
        en="The sample package cannot be written to {path} ({reason}).",
        pl="Nie można zapisać przykładowej paczki w {path} ({reason}).",
    )
    todo = Text(
        en="Remove what was written, and check the free space and the permissions of the folder.",
        pl="Usuń to, co zapisano, i sprawdź wolne miejsce oraz prawa do folderu.",
    )
