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


class PeerDoesNotAnswer(ArchiveError):
    code = "DCMG-002"
    exit_code = 6
    retryable = True
    what = Text(en="Peer {ae_title} does not answer: {reason}.", pl="Węzeł {ae_title} nie odpowiada: {reason}.")
    todo = Text(
        en="Check its address with `edm-archive peer list`, and that it knows our AE title.",
        pl="Sprawdź jego adres (`edm-archive peer list`) i czy zna nasz tytuł AE.",
    )


class TlsUnfit(ArchiveError):
    code = "DCMG-003"
    exit_code = 2
    what = Text(
        en="The DICOM door cannot speak TLS as it is set: {reason}.",
        pl="Wejście DICOM nie może używać TLS zgodnie z ustawieniami: {reason}.",
    )
    todo = Text(
        en="Check the files and ciphers that EDM_ARCHIVE_DICOM_CERTIFICATE, _KEY, _CA and _CIPHERS name.",
        pl="Sprawdź pliki i szyfry z EDM_ARCHIVE_DICOM_CERTIFICATE, _KEY, _CA i _CIPHERS.",
    )


class ReportNotTaken(ArchiveError):
    code = "DCMG-004"
    exit_code = 6
    retryable = True
    what = Text(
        en="Peer {ae_title} has not taken the report of a storage commitment: {reason}.",
        pl="Węzeł {ae_title} nie przyjął wyniku storage commitment: {reason}.",
    )
    todo = Text(
        en="It is sent again by itself for a week. Check the peer's address with `edm-archive peer echo {ae_title}`.",
        pl="Przez tydzień wysyłanie jest ponawiane samoczynnie. Sprawdź adres: `edm-archive peer echo {ae_title}`.",
    )


class CommitmentNotAsked(ArchiveError):
    code = "DCMG-005"
    exit_code = 6
    retryable = True
    what = Text(
        en="Peer {ae_title} could not be asked for storage commitment: {reason}.",
        pl="Nie udało się poprosić węzła {ae_title} o storage commitment: {reason}.",
    )
    todo = Text(
        en="Mend the reason (`edm-archive peer list` shows its address and services) and run the same command again: "
        "what was prepared and not taken on is asked for then.",
        pl="Usuń przyczynę (adres i usługi pokazuje `edm-archive peer list`) i uruchom to samo polecenie ponownie: "
        "poprosi o to, co przygotowano, a czego nie przyjęto.",
    )
