"""What to do about an error, for whoever asked over HTTP: no client can run a command of this archive's machine.

Errors are worded for the command line where that is what mends them. A caller is told what a caller can do; the words
for the operator stand at the `type` of the problem (/v1/errors).
"""

import re
from collections.abc import Mapping

from repository.access.errors import AuthorisationUnfit, NothingToEnd, PermissionUnknown, PurposeNeeded
from repository.catalogue.errors import HoldingUnknown, TakeoverExists, TakeoverUnknown
from repository.consents.errors import ConsentNotExpressible, ConsentNotUnderstood, IdentifierUnfit, OptionUnreadable
from repository.demands.errors import DemandError, DemandUnknown, HoldingNameUnusable
from repository.jobs.errors import TakeoverHeld
from repository.people.errors import PersonUnknown, SessionOver
from repository.reports.errors import NotDueForReview
from repository.takeover.errors import ProtocolMissing
from repository.transfer.errors import BindingUnknown, NotLive
from storage.errors import ArchiveError, Text

COMMAND = re.compile(r"edm-archive|\bcommands?\b|\bpolece|pip install|chmod|EDM_ARCHIVE|(?<![\w-])--\w", re.IGNORECASE)
"""What a text for the command line has in it."""
OPERATOR = Text(
    en="Tell the operator of the archive the code and the request id: what mends it is done there.",
    pl="Podaj operatorowi archiwum kod i identyfikator żądania: naprawia się to po jego stronie.",
)
AGAIN = Text(
    en="Send the request again in a while. If it stays so, tell the operator of the archive the code.",
    pl="Wyślij żądanie ponownie za chwilę. Jeśli to nie pomoże, podaj kod operatorowi archiwum.",
)
DESCRIBED = Text(
    en="Check what was sent against the description of this interface (/v1/openapi.json).",
    pl="Sprawdź wysłane dane z opisem tego interfejsu (/v1/openapi.json).",
)

SAID: Mapping[type[ArchiveError], Text] = {
    PermissionUnknown: Text(
        en="Nothing was changed. List those that there are by POST /v1/consents/search or /v1/grants/search.",
        pl="Niczego nie zmieniono. Wypisz istniejące: POST /v1/consents/search albo /v1/grants/search.",
    ),
    NothingToEnd: Text(
        en="Nothing was changed. Use the id that was answered when it was recorded.",
        pl="Niczego nie zmieniono. Podaj identyfikator z odpowiedzi przy zapisie.",
    ),
    AuthorisationUnfit: Text(
        en="Nothing was changed. Check the name of the account, the reason and the moment.",
        pl="Niczego nie zmieniono. Sprawdź nazwę konta, powód i chwilę.",
    ),
    PurposeNeeded: Text(en="Say what for: the header EDM-Purpose.", pl="Podaj cel w nagłówku EDM-Purpose."),
    TakeoverUnknown: Text(
        en="Check the id. Whoever may see takeovers lists them by GET /v1/takeovers.",
        pl="Sprawdź identyfikator. Uprawnieni wypiszą przejęcia: GET /v1/takeovers.",
    ),
    TakeoverExists: Text(
        en="Follow the job that takes it over (/v1/jobs), or hand it in anew with `again`.",
        pl="Śledź zadanie, które ją przejmuje (/v1/jobs), albo przekaż ją ponownie z `again`.",
    ),
    HoldingUnknown: Text(en="Look for it by POST /v1/search.", pl="Wyszukaj: POST /v1/search."),
    ConsentNotUnderstood: Text(
        en="What may limit a consent is never passed over. Have it issued without this element, or send what it says "
        "in the form of this interface.",
        pl="Niczego, co może ograniczać zgodę, nie pomija się. Poproś o zgodę bez tego elementu albo prześlij jej "
        "treść w postaci tego interfejsu.",
    ),
    ConsentNotExpressible: Text(en="Ask for application/json instead.", pl="Zamiast tego poproś o application/json."),
    IdentifierUnfit: Text(
        en="Give `root`, the OID of the register, and `extension`, the number in it; a PESEL has 11 digits.",
        pl="Podaj `root`, czyli OID rejestru, i `extension`, czyli numer w nim; PESEL ma 11 cyfr.",
    ),
    OptionUnreadable: Text(
        en="Check it against the description of this interface (/v1/openapi.json): what belongs together, what "
        "excludes each other, and days that can be meant.",
        pl="Sprawdź to z opisem tego interfejsu (/v1/openapi.json): co łączy się ze sobą, co się wyklucza i jakie dni "
        "są możliwe.",
    ),
    DemandError: Text(
        en="Nothing was changed. Read the demand (GET /v1/demands/…): it tells where it stands.",
        pl="Niczego nie zmieniono. Odczytaj zapotrzebowanie (GET /v1/demands/…): podaje swój stan.",
    ),
    DemandUnknown: Text(
        en="List those that are yours, or that you serve, by GET /v1/demands.",
        pl="Wypisz własne i obsługiwane: GET /v1/demands.",
    ),
    HoldingNameUnusable: Text(
        en="Name holdings TAKEOVER/ORDINAL, as a search answers them.",
        pl="Podaj pozycje jako PRZEJĘCIE/NUMER, tak jak w odpowiedzi wyszukiwania.",
    ),
    TakeoverHeld: Text(
        en="Wait for the job to end, and send the request again.",
        pl="Poczekaj na koniec zadania i wyślij żądanie ponownie.",
    ),
    PersonUnknown: Text(
        en="Check the name. Administrators list the accounts by GET /v1/people.",
        pl="Sprawdź nazwę. Administratorzy wypiszą konta: GET /v1/people.",
    ),
    SessionOver: Text(en="Sign in: POST /v1/sessions.", pl="Zaloguj się: POST /v1/sessions."),
    NotDueForReview: Text(
        en="List those that are by GET /v1/reviews. Nobody reviews what he did himself.",
        pl="Wypisz oczekujące: GET /v1/reviews. Nikt nie ocenia własnych działań.",
    ),
    ProtocolMissing: Text(
        en="There is one when the takeover has come to its end: follow its job.",
        pl="Powstaje po zakończeniu przejęcia: śledź jego zadanie.",
    ),
    NotLive: Text(
        en="Send objects into a takeover that is open for them (POST /v1/transfers). A package is handed in by POST "
        "/v1/takeovers, and its takeover is concluded by the job that this answers with.",
        pl="Wysyłaj obiekty do otwartego dla nich przejęcia (POST /v1/transfers). Paczkę przekazuje się przez POST "
        "/v1/takeovers, a jej przejęcie kończy zadanie podane w odpowiedzi.",
    ),
    BindingUnknown: Text(
        en="List the bindings of a takeover by GET /v1/takeovers/{takeover}/bindings.",
        pl="Powiązania przejęcia wypisuje GET /v1/takeovers/{takeover}/bindings.",
    ),
}
"""By class, the nearest one first; of those that are worded for the command line."""


def todo_of(kind: type[ArchiveError], status: int) -> Text:
    """What a caller can do about it, with the braces of the error's own fields where it has them. It names no command
    of the archive's machine."""
    if kind in SAID:
        return SAID[kind]
    if not (COMMAND.search(kind.todo.en) or COMMAND.search(kind.todo.pl)):
        return kind.todo
    for each in kind.__mro__:
        if each in SAID:
            return SAID[each]
    if kind.retryable:
        return AGAIN
    return OPERATOR if status >= 500 else DESCRIBED
