"""What goes wrong with a live transfer, beside what storing and cataloguing raise."""

from storage.errors import ArchiveError, Text

NOTHING_DONE = Text(en="Nothing was done.", pl="Niczego nie wykonano.")


class NotLive(ArchiveError):
    code = "TRF-001"
    exit_code = 2
    kept = NOTHING_DONE
    what = Text(
        en="Takeover {takeover} came as a package: nobody pushes into it, and it is not closed by hand.",
        pl="Przejęcie {takeover} przyszło jako paczka: nikt do niego nie przekazuje i nie zamyka się go ręcznie.",
    )
    todo = Text(
        en="Run `edm-archive takeover receive` on its package.",
        pl="Uruchom `edm-archive takeover receive` z jego paczką.",
    )


class SeveralOpen(ArchiveError):
    """Whoever pushes is bound to more than one open takeover and names none."""

    code = "TRF-002"
    exit_code = 2
    kept = NOTHING_DONE
    what = Text(
        en="You may push into {count} open takeovers, and none was named.",
        pl="Możesz przekazywać do {count} otwartych przejęć, a żadnego nie wskazano.",
    )
    todo = Text(en="Name one of them: {known}.", pl="Wskaż jedno z nich: {known}.")


class BindingUnfit(ArchiveError):
    code = "TRF-003"
    exit_code = 2
    kept = NOTHING_DONE
    what = Text(
        en="Only somebody in particular may push into a takeover, and only for a time to come.",
        pl="Do przejęcia może przekazywać tylko ktoś określony i tylko przez czas, który nadejdzie.",
    )
    todo = Text(
        en="Name a provider, a person or a system by its identifier, and a day that has not passed.",
        pl="Wskaż podmiot, osobę lub system przez identyfikator oraz dzień, który nie minął.",
    )


class RingRotated(ArchiveError):
    """A new patient's key would be wrapped under a root key that another process has replaced."""

    code = "TRF-004"
    exit_code = 7
    retryable = True
    what = Text(
        en="The key ring was rotated while this process runs.",
        pl="Pęk kluczy wymieniono w czasie działania tego procesu.",
    )
    todo = Text(
        en="Start the process again (`edm-archive serve`), and send it again: it was not acknowledged.",
        pl="Uruchom proces ponownie (`edm-archive serve`) i wyślij ponownie: nie było to potwierdzone.",
    )


class TransfersClosed(ArchiveError):
    code = "TRF-005"
    exit_code = 7
    retryable = True
    what = Text(en="The archive is being closed and takes nothing more.", pl="Archiwum jest zamykane i nie przyjmuje.")
    todo = Text(
        en="Send it again later: it was not acknowledged.", pl="Wyślij ponownie później: nie było to potwierdzone."
    )


class BindingUnknown(ArchiveError):
    """Leaves of other kinds have ids too: none of them is ended by its id as if it were a binding."""

    code = "TRF-006"
    exit_code = 2
    kept = NOTHING_DONE
    what = Text(
        en="Takeover {takeover} has no binding of that id.",
        pl="Przejęcie {takeover} nie ma powiązania o tym identyfikatorze.",
    )
    todo = Text(
        en="List its bindings with `edm-archive takeover show {takeover}`, and give the id whole.",
        pl="Wypisz powiązania: `edm-archive takeover show {takeover}` i podaj cały identyfikator.",
    )


class BindingEnded(ArchiveError):
    code = "TRF-007"
    exit_code = 2
    kept = NOTHING_DONE
    what = Text(
        en="The binding has ended already, at {until}: nobody pushes by it.",
        pl="Powiązanie już się zakończyło ({until}): nikt na jego podstawie nie przekazuje.",
    )
    todo = Text(
        en="Nothing needs to be done. To let the peer push again, bind it anew.",
        pl="Nic nie trzeba robić. Aby ponownie dopuścić przekazującego, powiąż go od nowa.",
    )
