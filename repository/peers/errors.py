"""What goes wrong with peers."""

from storage.errors import ArchiveError, Text

_NOTHING_DONE = Text(en="Nothing was done.", pl="Niczego nie wykonano.")


class PeerUnfit(ArchiveError):
    code = "PEER-001"
    exit_code = 2
    kept = _NOTHING_DONE
    what = Text(en="No peer can be like that: {reason}.", pl="Taki węzeł DICOM nie może istnieć: {reason}.")
    todo = Text(
        en="An AE title has 1 to 16 characters of ASCII without backslash; addresses are IP addresses or networks.",
        pl="Tytuł AE ma od 1 do 16 znaków ASCII bez ukośnika wstecznego; adresy to adresy IP lub sieci.",
    )


class PeerKnown(ArchiveError):
    code = "PEER-002"
    exit_code = 2
    kept = _NOTHING_DONE
    what = Text(en="A peer {ae_title} is registered already.", pl="Węzeł {ae_title} jest już zarejestrowany.")
    todo = Text(
        en="Remove it first: `edm-archive peer remove {ae_title}`.",
        pl="Najpierw go usuń: `edm-archive peer remove {ae_title}`.",
    )


class PeerUnknown(ArchiveError):
    code = "PEER-003"
    exit_code = 2
    kept = _NOTHING_DONE
    what = Text(en="No peer {ae_title} is registered.", pl="Węzeł {ae_title} nie jest zarejestrowany.")
    todo = Text(en="List them with `edm-archive peer list`.", pl="Wypisz je poleceniem `edm-archive peer list`.")
