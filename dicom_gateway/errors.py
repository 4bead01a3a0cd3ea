"""What goes wrong with the DICOM door itself; what peers are told stands in `statuses`."""

from storage.errors import ArchiveError, Text


class DicomAddressNotFree(ArchiveError):
    code = "DCMG-001"
    exit_code = 2
    what = Text(
        en="The DICOM door cannot listen at {address}: {reason}.",
        pl="Wejście DICOM nie może nasłuchiwać pod {address}: {reason}.",
    )
    todo = Text(
        en="Set EDM_ARCHIVE_DICOM_LISTEN to a free HOST:PORT.",
        pl="Ustaw EDM_ARCHIVE_DICOM_LISTEN na wolny HOST:PORT.",
    )
