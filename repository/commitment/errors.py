"""What goes wrong with storage commitments."""

from storage.errors import ArchiveError, Text

_NOTHING_DONE = Text(en="Nothing was done.", pl="Niczego nie wykonano.")


class TransactionDiffers(ArchiveError):
    """A peer names other instances under the UID of a transaction that it has asked for before."""

    code = "CMT-001"
    exit_code = 2
    kept = _NOTHING_DONE
    what = Text(
        en="Peer {peer} asked for other instances under the same Transaction UID before.",
        pl="Węzeł {peer} podał wcześniej inne obiekty pod tym samym Transaction UID.",
    )
    todo = Text(en="Ask with a new Transaction UID (PS3.4 J.3.2).", pl="Poproś z nowym Transaction UID (PS3.4 J.3.2).")


class TransactionUnknown(ArchiveError):
    """Somebody reports of a transaction that he was not asked for."""

    code = "CMT-002"
    exit_code = 2
    kept = _NOTHING_DONE
    what = Text(en="Peer {peer} was asked for no such transaction.", pl="Węzła {peer} nie pytano o taką transakcję.")
    todo = Text(
        en="List the transactions with `edm-archive peer commitments`.",
        pl="Wypisz transakcje poleceniem `edm-archive peer commitments`.",
    )


class NothingToCommit(ArchiveError):
    code = "CMT-003"
    exit_code = 2
    kept = _NOTHING_DONE
    what = Text(
        en="Takeover {takeover} has no images that peer {peer} may know of.",
        pl="Przejęcie {takeover} nie ma obrazów, o których węzeł {peer} może wiedzieć.",
    )
    todo = Text(
        en="Check what the peer's organisation may read, and `edm-archive peer list`.",
        pl="Sprawdź, co podmiot tego węzła może odczytać, oraz `edm-archive peer list`.",
    )
