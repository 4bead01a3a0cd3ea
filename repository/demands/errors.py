"""What can go wrong with a demand. Fields name ids, states, rules and counts, never a person."""

from storage.errors import ArchiveError, Text

_SHOW = Text(
    en="Nothing was changed. `edm-archive demand show {demand}` tells where it stands.",
    pl="Niczego nie zmieniono. `edm-archive demand show {demand}` pokazuje jego stan.",
)


class DemandError(ArchiveError):
    code = "DMD-000"
    exit_code = 2
    what = Text(en="The demand cannot be served.", pl="Zapotrzebowania nie można obsłużyć.")
    todo = Text(en="Look at it with `edm-archive demand list`.", pl="Sprawdź je przez `edm-archive demand list`.")


class DemandUnreadable(DemandError):
    """`path`: where in the message, in our words."""

    code = "DMD-001"
    what = Text(en="This is not a demand that can be read: {path}.", pl="To nie jest czytelne zapotrzebowanie: {path}.")
    kept = Text(en="Nothing was recorded.", pl="Niczego nie zapisano.")
    todo = Text(en="Correct the message and submit it again.", pl="Popraw komunikat i prześlij go ponownie.")


class DemandConflict(DemandError):
    """The requester used this message id before, for something else."""

    code = "DMD-002"
    what = Text(
        en="The requester has submitted another demand under the same message id: {demand}.",
        pl="Zamawiający przesłał już inne zapotrzebowanie o tym samym identyfikatorze komunikatu: {demand}.",
    )
    todo = Text(
        en="The first one stands. Submit a new demand under a new message id.",
        pl="Obowiązuje pierwsze. Nowe zapotrzebowanie prześlij pod nowym identyfikatorem.",
    )


class DemandUnknown(DemandError):
    code = "DMD-003"
    what = Text(en="There is no such demand.", pl="Nie ma takiego zapotrzebowania.")
    todo = Text(en="List them with `edm-archive demand list`.", pl="Wypisz je przez `edm-archive demand list`.")


class WrongState(DemandError):
    code = "DMD-004"
    what = Text(
        en="Demand {demand} is {state} and cannot become {wanted}.",
        pl="Zapotrzebowanie {demand} jest w stanie {state} i nie może przejść do stanu {wanted}.",
    )
    todo = _SHOW


class DemandMoved(WrongState):
    """Somebody else moved it in the meantime: of two, one wins."""

    code = "DMD-005"
    exit_code = 9
    what = Text(
        en="Demand {demand} has meanwhile become {state}; it was not made {wanted} a second time.",
        pl="Zapotrzebowanie {demand} przeszło tymczasem do stanu {state}; kroku „{wanted}” nie powtórzono.",
    )


class WorkerIncomplete(DemandError):
    code = "DMD-006"
    exit_code = 6
    what = Text(
        en="Only a medical worker with first name, surname and NPWZ may do this ({missing}).",
        pl="Może to zrobić tylko pracownik medyczny z imieniem, nazwiskiem i NPWZ ({missing}).",
    )
    todo = Text(en="Sign in as such a worker.", pl="Zaloguj się jako taki pracownik.")


class OtherWorker(DemandError):
    code = "DMD-007"
    exit_code = 6
    what = Text(
        en="Demand {demand} was prepared by another worker, who alone may sign it.",
        pl="Zapotrzebowanie {demand} przygotował inny pracownik i tylko on może je podpisać.",
    )
    todo = _SHOW


class ContentRefused(DemandError):
    """`reason`: empty, twice, another takeover, not the patient's (or not there at all), outside of the scope."""

    code = "DMD-008"
    what = Text(
        en="This cannot be the content of demand {demand}: holding {ordinal} – {reason}.",
        pl="To nie może być treścią zapotrzebowania {demand}: pozycja {ordinal} – {reason}.",
    )
    todo = Text(
        en="Prepare it again with holdings of that patient, inside of what was demanded.",
        pl="Przygotuj je ponownie z pozycji tego pacjenta, w zakresie zapotrzebowania.",
    )


class ContentDiffers(DemandError):
    code = "DMD-009"
    exit_code = 5
    what = Text(
        en="What was received is not what demand {demand} froze: its SHA-256 is another one.",
        pl="To, co odebrano, nie jest treścią zapotrzebowania {demand}: SHA-256 jest inny.",
    )
    kept = Text(
        en="The demand stays as it was: sent and not received.",
        pl="Zapotrzebowanie pozostaje bez zmian: wysłane i nieodebrane.",
    )
    todo = Text(en="Send it again and compare once more.", pl="Prześlij ponownie i porównaj jeszcze raz.")


class NoLongerEntitled(DemandError):
    """`reason`: code of the first reason that may be told."""

    code = "DMD-012"
    exit_code = 6
    what = Text(
        en="The requester of demand {demand} is not entitled to it any more: {reason}.",
        pl="Zamawiający nie jest już uprawniony do treści zapotrzebowania {demand}: {reason}.",
    )
    kept = Text(
        en="The demand stays as it was, and nothing left the archive.",
        pl="Zapotrzebowanie pozostaje bez zmian i nic nie opuściło archiwum.",
    )
    todo = Text(
        en="Try again when the reason is gone; otherwise the demand expires.",
        pl="Ponów, gdy przyczyna ustanie; w przeciwnym razie zapotrzebowanie wygaśnie.",
    )


class SealForged(DemandError):
    code = "DMD-010"
    exit_code = 5
    what = Text(
        en="The seal of demand {demand} does not hold for its content; it was not sent.",
        pl="Pieczęć zapotrzebowania {demand} nie zgadza się z treścią; nie wysłano go.",
    )
    todo = Text(
        en="Run `edm-archive verify`: the catalogue may have been changed. `edm-archive rebuild` makes it again.",
        pl="Uruchom `edm-archive verify`: katalog mógł zostać zmieniony. `edm-archive rebuild` go odtworzy.",
    )


class HoldingNameUnusable(DemandError):
    code = "DMD-011"
    what = Text(
        en="A holding is named TAKEOVER/ORDINAL, as a search tells it.",
        pl="Pozycję nazywa się PRZEJĘCIE/NUMER, tak jak podaje ją wyszukiwanie.",
    )
    kept = Text(en="Nothing was prepared.", pl="Niczego nie przygotowano.")
    todo = Text(en="Name it so and run the command again.", pl="Podaj ją w ten sposób i powtórz polecenie.")
