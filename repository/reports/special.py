"""The report for special services: exactly first name, surname, day, hour, purpose (R463-10.3), signed.

Whose data somebody has processed is told of protected patients and providers alone. For all others the answer is the
same as for a protected one whom nobody read: an empty report. Nobody else can tell what was asked: `view` shows such an
asking without its object, and other reports leave it out. What a service asks for is no processing that it reports.
"""

from repository.access.account import PERMITTED, Account
from repository.access.account_query import AccountQuery
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation, Subject
from repository.catalogue.errors import TakeoverAmbiguous, TakeoverUnknown
from repository.opening import Errand, ask, nothing_there
from repository.reports.asking import Period, completed
from repository.reports.naming import Whose, patients_named
from repository.reports.paper import Json, Kind, Paper, both, draw_up, up_to
from repository.reports.view import asked_by_service
from repository.reports.words import PURPOSES, told
from repository.runtime import Archive
from storage.errors import Text

KIND = Kind(
    purpose="special-report",
    title=Text(
        en="Persons who processed the data of a specially protected person or provider",
        pl="Osoby przetwarzające dane objęte szczególną ochroną",
    ),
    law=Text(en="Regulation 463/2013, § 10(3)", pl="§ 10 ust. 3 rozporządzenia (Dz.U. 2013 poz. 463)"),
    columns=(
        ("first_name", Text(en="first name", pl="imię")),
        ("surname", Text(en="surname", pl="nazwisko")),
        ("day", Text(en="day", pl="dzień")),
        ("hour", Text(en="hour", pl="godzina")),
        ("purpose", Text(en="purpose", pl="cel")),
    ),
)


def special_report(
    archive: Archive, errand: Errand, *, patient: str = "", takeover: str = "", period: Period | None = None
) -> Paper:
    """The report on a patient (`naming.patients_named`), or on the provider of a takeover, for a special service.

    Raises `AccessRefused` for anybody else, after the same account as for what is not there; `PatientNotNamed`.
    """
    if errand.principal.kind is not PrincipalKind.SPECIAL_SERVICE or bool(patient) is bool(takeover):
        raise nothing_there(archive, errand, Operation.ACCOUNTS)
    when = period or Period()
    people = patients_named(archive, patient) if patient else ()
    house = _takeover(archive, takeover) if takeover else ""
    ask(archive, errand.request(archive, Operation.ACCOUNTS, Subject(takeover=house)))
    complete = completed(archive)
    query = AccountQuery(
        at_from=when.at_from,
        at_to=when.at_to,
        outcomes=(PERMITTED,),
        patients=_protected(archive, people) if patient else None,
        takeovers=_protected_house(archive, house) if takeover else None,
    )
    found = [each for each in up_to(archive.catalogue.accounts.every(query), complete.number) if _is_processing(each)]
    rows = [row_of(each) for each in found]
    cells = [tuple(both(told(PURPOSES, v)) if name == "purpose" else v for name, v in row.items()) for row in rows]
    about: Json = {"patient": patient, "takeover": takeover}
    return draw_up(archive, KIND, about=about, period=when, complete=complete, rows=rows, cells=cells)


def row_of(account: Account) -> dict[str, str]:
    """Exactly the five columns; a system has no first name, and stands under its organisation's name or its id."""
    named = bool(account.given_name or account.surname)
    return {
        "first_name": account.given_name,
        "surname": account.surname if named else account.organisation or account.id,
        "day": account.day,
        "hour": account.hour,
        "purpose": account.purpose,
    }


def _is_processing(account: Account) -> bool:
    """Somebody did something with the data: not the archive by itself, and not a service that asked who did."""
    return account.kind != PrincipalKind.ARCHIVE and not asked_by_service(account) and account.purpose in set(Purpose)


def _takeover(archive: Archive, wanted: str) -> str:
    try:
        return archive.catalogue.takeover(wanted.lower()).id
    except (TakeoverUnknown, TakeoverAmbiguous):
        return ""


def _protected(archive: Archive, people: tuple[Whose, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(archive.catalogue.accounts.shielded(each.pair for each in people)))


def _protected_house(archive: Archive, house: str) -> tuple[str, ...]:
    """The takeover, if its provider is protected; looked up for one that does not exist as well."""
    return tuple({house} & archive.catalogue.accounts.shielded_takeovers() - {""})
