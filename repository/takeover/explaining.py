"""The words of a takeover in both languages, and why an item is an exception: its lot and its reason as findings."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from repository.domain.takeover import Disposition, Item, State, Takeover
from repository.findings import Finding, rules
from storage.errors import Text

ROUTES = {
    "SUCCESSOR": Text(en="the entity that takes over the tasks", pl="podmiot przejmujący zadania"),
    "FOUNDING_BODY": Text(en="the founding body", pl="podmiot tworzący"),
    "STORAGE_AGREEMENT": Text(en="a storage agreement", pl="umowa o przechowywanie dokumentacji"),
    "CHAMBER": Text(en="the professional chamber", pl="okręgowa izba samorządu zawodowego"),
    "WOJEWODA": Text(en="the voivode", pl="wojewoda"),
    "CEZ_SIM": Text(en="the e-Health Centre (SIM)", pl="Centrum e-Zdrowia (SIM)"),
}
STATES = {
    "receiving": Text(en="being received", pl="w trakcie przyjmowania"),
    "received": Text(en="received, not balanced yet", pl="odebrano, przed bilansem"),
    "balanced": Text(en="balanced, no protocol yet", pl="zbilansowano, przed protokołem"),
    "accepted": Text(en="accepted without exception", pl="przyjęto bez zastrzeżeń"),
    "accepted-with-exceptions": Text(en="accepted with exceptions", pl="przyjęto z zastrzeżeniami"),
    "rejected": Text(en="rejected", pl="odrzucono"),
}
OPEN = Text(en="open: peers push into it", pl="otwarte: przyjmuje przekazywane na bieżąco")
DISPOSITIONS = {
    "pending": Text(en="not settled yet", pl="nierozliczone"),
    "kept": Text(en="kept as declared", pl="zachowane zgodnie z deklaracją"),
    "altered": Text(en="kept, other than declared", pl="zachowane, inne niż w deklaracji"),
    "unexpected": Text(en="kept, not declared", pl="zachowane, niezadeklarowane"),
    "duplicate": Text(en="same bytes as another item", pl="te same bajty co inna pozycja"),
    "missing": Text(en="missing or unreadable", pl="brakujące lub nieczytelne"),
    "refused": Text(en="refused as hostile", pl="odrzucone jako niebezpieczne"),
}
COUNTS = {
    "items": Text(en="items", pl="pozycje"),
    "bytes": Text(en="bytes", pl="bajty"),
    "patients": Text(en="patients", pl="pacjenci"),
    "documents": Text(en="documents", pl="dokumenty"),
    "studies": Text(en="imaging studies", pl="badania obrazowe"),
    "series": Text(en="series", pl="serie"),
    "instances": Text(en="images (DICOM instances)", pl="obrazy (instancje DICOM)"),
}
SEVERITIES = {
    "note": Text(en="note", pl="uwaga"),
    "warning": Text(en="warning", pl="ostrzeżenie"),
    "error": Text(en="error", pl="błąd"),
}
_LOTS = {
    Disposition.ALTERED: "TKO-ALTERED",
    Disposition.UNEXPECTED: "TKO-UNEXPECTED",
    Disposition.DUPLICATE: "TKO-DUPLICATE",
    Disposition.MISSING: "TKO-NOT-THERE",
}

_OF_THE_FORM = re.compile(
    r"(?:bagit|bag-info|fetch|(?:tag)?manifest-[a-z0-9]+)\.txt|manifest\.csv"
    r"|metadata/(?:(?:handover|consents)\.json|(?:patients|consents|grants)\.csv)"
)


def state_words(takeover: Takeover) -> Text:
    """The state of a takeover; one that receives live is open, and not on its way to be received."""
    return OPEN if takeover.live and takeover.state is State.RECEIVING else STATES[takeover.state.value]


def is_of_the_form(path: str) -> bool:
    """Whether every package may have a file of that name, so that it says of nobody whose it is."""
    return not path or _OF_THE_FORM.fullmatch(path) is not None


def explained(item: Item) -> tuple[Finding, ...]:
    """Everything that makes `item` an exception; empty for one that is simply kept, or not settled yet."""
    found: list[Finding] = []
    if item.reason:
        found.append(Finding(item.reason, item.path))
    elif item.disposition in _LOTS:
        params = {"ordinal": item.duplicate_of} if item.disposition is Disposition.DUPLICATE else {}
        found.append(Finding(_LOTS[item.disposition], item.path, params))
    if item.conflicts_with:
        found.append(Finding("TKO-CONFLICT", item.path, {"ordinal": item.conflicts_with}))
    return tuple(found)


def told(finding: Finding) -> Text:
    """The texts of a finding. A reason is a code alone: what its parameters were is not known, and an ellipsis says so.

    A code that this version does not know (a protocol of a later one) is told as itself.
    """
    rule = rules().get(finding.code)
    if rule is None:
        return Text(en=finding.code, pl=finding.code)
    known: Mapping[str, Any] = defaultdict(lambda: "…", finding.params)
    return Text(en=rule.en.format_map(known), pl=rule.pl.format_map(known))


def exception_of_json(value: Mapping[str, Any]) -> Item:
    """An exception as the protocol names it (`concluding.py`)."""
    return Item(
        ordinal=value["ordinal"],
        path=value["path"],
        disposition=Disposition(value["disposition"]),
        duplicate_of=value.get("duplicate_of", 0),
        conflicts_with=value.get("conflicts_with", 0),
        reason=value.get("reason", ""),
    )
