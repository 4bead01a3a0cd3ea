"""What goes wrong with a package that comes in parts."""

from storage.errors import ArchiveError, Text

NOTHING_ADDED = Text(en="What came before is kept.", pl="To, co nadeszło wcześniej, jest zachowane.")


class UploadError(ArchiveError):
    code = "UPL-000"
    exit_code = 2
    kept = NOTHING_ADDED


class UploadUnknown(UploadError):
    """Not there, over, cancelled, or somebody else's."""

    code = "UPL-001"
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    what = Text(en="There is no such upload.", pl="Nie ma takiego przesyłania.")
    todo = Text(en="Begin a new one.", pl="Rozpocznij nowe.")


class OffsetDiffers(UploadError):
    code = "UPL-002"
    what = Text(
        en="The upload is at byte {offset}, and the part begins elsewhere.",
        pl="Przesłano {offset} bajtów, a część zaczyna się gdzie indziej.",
    )
    todo = Text(en="Ask for the offset (HEAD) and go on from there.", pl="Zapytaj o pozycję (HEAD) i wyślij od niej.")


class UploadBusy(UploadError):
    code = "UPL-003"
    retryable = True
    what = Text(
        en="Another part of this upload is still being written.", pl="Inna część tego przesyłania jest jeszcze pisana."
    )
    todo = Text(en="Ask for the offset in a while and go on.", pl="Za chwilę zapytaj o pozycję i kontynuuj.")


class UploadTooLarge(UploadError):
    code = "UPL-004"
    what = Text(
        en="That is more than the {most} bytes that fit.", pl="To więcej niż {most} bajtów, które się zmieszczą."
    )
    todo = Text(
        en="Send the package on a medium, or as several packages.",
        pl="Przekaż paczkę na nośniku albo jako kilka paczek.",
    )


class TooManyUploads(UploadError):
    code = "UPL-005"
    retryable = True
    what = Text(
        en="There are {most} uploads under way already.", pl="Trwa już {most} przesyłań, więcej się nie rozpocznie."
    )
    todo = Text(en="Finish or cancel one of them.", pl="Dokończ lub przerwij jedno z nich.")


class NoRoom(UploadError):
    code = "UPL-006"
    exit_code = 9
    what = Text(en="The disk of the home folder has no room.", pl="Na dysku folderu archiwum brak miejsca.")
    todo = Text(en="Make room and send the part again.", pl="Zwolnij miejsce i wyślij część ponownie.")


class PartDiffers(UploadError):
    code = "UPL-007"
    what = Text(
        en="The part is not the one that its digest names; nothing of it is kept.",
        pl="Część nie odpowiada swojemu skrótowi; nic z niej nie zachowano.",
    )
    todo = Text(en="Send it again.", pl="Wyślij ją ponownie.")


class UploadIncomplete(UploadError):
    code = "UPL-008"
    what = Text(
        en="Only {offset} of {size} bytes have come.",
        pl="Nadeszło dopiero {offset} z {size} bajtów.",
    )
    todo = Text(en="Send the rest first.", pl="Najpierw wyślij resztę.")


class PackageNotAsSent(UploadError):
    """Of the job that takes an upload over."""

    code = "UPL-009"
    exit_code = 6
    what = Text(
        en="The upload is complete, and not what its SHA-256 names.",
        pl="Przesłano całość, lecz nie odpowiada ona podanemu SHA-256.",
    )
    kept = Text(en="Nothing of it was taken over.", pl="Nic z niej nie zostało przejęte.")
    todo = Text(en="Cancel it and send the package anew.", pl="Przerwij je i wyślij paczkę od nowa.")


class UploadTaken(UploadError):
    code = "UPL-010"
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    what = Text(
        en="The upload is being taken over: nothing can be added to it, and it cannot be cancelled.",
        pl="Paczka jest przejmowana: nie można nic dodać ani jej przerwać.",
    )
    todo = Text(en="Follow the job of its takeover.", pl="Śledź zadanie jej przejęcia.")


class UploadDamaged(UploadError):
    code = "UPL-011"
    exit_code = 6
    what = Text(en="What is kept of this upload cannot be read.", pl="Nie można odczytać tego, co przesłano.")
    kept = Text(en="Nothing of it was taken over.", pl="Nic z niej nie zostało przejęte.")
    todo = Text(en="Begin a new one.", pl="Rozpocznij nowe.")


class UploadUnsealed(UploadError):
    """Begun by a version of the archive that did not seal uploads."""

    code = "UPL-012"
    what = Text(
        en="The upload was begun before uploads were sealed: nothing is added to it in the clear.",
        pl="Przesyłanie rozpoczęto, zanim je szyfrowano: niczego się do niego jawnie nie dopisze.",
    )
    todo = Text(en="Cancel it and send the package anew.", pl="Przerwij je i wyślij paczkę od nowa.")


class PartTooSmall(UploadError):
    """Each part is a file of its own: of a few bytes each, a package would be millions of them."""

    code = "UPL-013"
    what = Text(
        en="The upload had {most} parts of less than {bytes} bytes already, and this is another one, not the last.",
        pl="Przesłano już {most} części mniejszych niż {bytes} bajtów, a to kolejna taka część, i nie ostatnia.",
    )
    todo = Text(
        en="Ask for the offset (HEAD) and go on from there with larger parts.",
        pl="Zapytaj o pozycję (HEAD) i wysyłaj od niej większe części.",
    )
