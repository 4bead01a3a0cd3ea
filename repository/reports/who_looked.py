"""Who has looked at a patient's documentation: every account that meant the patient, through any door, in any takeover.

Permitted or refused. What the archive did by itself for its upkeep is counted, not listed: nobody looked. Break-glass
stands out. Nobody but a special service learns after whom special services ask.
"""

from collections.abc import Iterable, Iterator, Sequence

from repository.access.account import Account
from repository.access.account_query import AccountQuery
from repository.access.principal import Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.opening import Errand
from repository.reports.asking import Period, ask_of_patient, completed
from repository.reports.naming import Whose
from repository.reports.paper import Json, Kind, Paper, both, draw_up, who
from repository.reports.view import SEE_ALL, asked_by_service, narrowed
from repository.reports.words import OPERATIONS, OUTCOMES, PURPOSES, scope, told
from repository.runtime import Archive
from storage.errors import Text

KIND = Kind(
    purpose="who-looked",
    title=Text(en="Who has looked at the documentation", pl="Kto miał wgląd w dokumentację"),
    law=Text(
        en="Regulation 463/2013, § 10(1)(1) and (2)",
        pl="§ 10 ust. 1 pkt 1 i 2 rozporządzenia (Dz.U. 2013 poz. 463)",
    ),
    columns=(
        ("person", Text(en="First name and surname", pl="Imię i nazwisko")),
        ("organisation", Text(en="Organisation", pl="Podmiot")),
        ("day", Text(en="Day", pl="Dzień")),
        ("hour", Text(en="Hour", pl="Godzina")),
        ("purpose", Text(en="Purpose", pl="Cel")),
        ("what", Text(en="What was done", pl="Czynność")),
        ("scope", Text(en="Scope", pl="Zakres")),
        ("door", Text(en="Door", pl="Kanał dostępu")),
        ("outcome", Text(en="Outcome", pl="Wynik")),
        ("prominent", Text(en="Emergency", pl="Tryb ratunkowy")),
    ),
)
PROMINENT = "prominent"


def who_looked(archive: Archive, errand: Errand, *, patient: str, period: Period | None = None) -> Paper:
    """The report on the patient that `patient` names (`naming.patients_named`), complete up to an account.

    Its own asking is among the accounts. Raises `AccessRefused`, whether there is nobody of that name or somebody else
    may know, and `PatientNotNamed`.
    """
    people = ask_of_patient(archive, errand, patient)
    when, complete = period or Period(), completed(archive)
    looked = [each for each in looks(archive, errand.principal, people, period=when) if each.number <= complete.number]
    about = {"patient": patient, "records": [f"{each.takeover}/{each.number}" for each in people]}
    more: Json = {"upkeep": _upkeep(archive, people, period=when, last=complete.number)}
    rows = [row_of(each) for each in looked]
    cells = [cells_of(row) for row in rows]
    return draw_up(archive, KIND, about=about, period=when, complete=complete, rows=rows, cells=cells, more=more)


def looks(archive: Archive, principal: Principal, people: Sequence[Whose], *, period: Period) -> Iterator[Account]:
    """The accounts that meant any of `people`, by number, searches that have shown something of them too; for whoever
    may see them: nothing is asked here. Nothing in them leads to others whom a search found as well."""
    pairs = frozenset(each.pair for each in people)
    query = AccountQuery(at_from=period.at_from, at_to=period.at_to, patients=tuple(sorted(pairs)))
    for each in archive.catalogue.accounts.every(query):
        if each.kind != PrincipalKind.ARCHIVE and (principal.kind in SEE_ALL or not asked_by_service(each)):
            yield narrowed(principal, each, pairs)


def row_of(account: Account) -> Json:
    """`purpose`, `what` and `outcome` are codes; `person` is empty for a system, which has an organisation or an id."""
    organisation = account.organisation or ("" if who(account) else account.id)
    return {
        "person": who(account),
        "organisation": organisation,
        "day": account.day,
        "hour": account.hour,
        "purpose": account.purpose,
        "what": account.operation,
        "scope": both(scope(account)),
        "door": account.door,
        "outcome": account.outcome,
        "prominent": is_prominent(account),
    }


def is_prominent(account: Account) -> bool:
    """Whether glass was broken, or the account has to stand out for another reason."""
    return PROMINENT in account.duties or account.purpose == Purpose.EMERGENCY


def cells_of(row: Json) -> tuple[str, ...]:
    words = {"purpose": PURPOSES, "what": OPERATIONS, "outcome": OUTCOMES}
    flag = both(Text(en="YES", pl="TAK")) if row["prominent"] else ""
    shown = {name: both(told(words[name], value)) if name in words else value for name, value in row.items()}
    return tuple(flag if name == "prominent" else str(value) for name, value in shown.items())


def _upkeep(archive: Archive, people: Sequence[Whose], *, period: Period, last: int) -> list[Json]:
    """For each purpose of the archive's own work on the takeovers where the patient is: how often, since, until."""
    query = AccountQuery(
        at_from=period.at_from,
        at_to=period.at_to,
        kinds=(PrincipalKind.ARCHIVE,),
        operations=(Operation.UPKEEP,),
        takeovers=("", *sorted({each.takeover for each in people})),
    )
    mine = {0, *(each.number for each in people)}
    return summary(
        each
        for each in archive.catalogue.accounts.every(query)
        if each.number <= last and each.patient in mine and _about(each, people)
    )


def _about(account: Account, people: Sequence[Whose]) -> bool:
    return account.patient == 0 or (account.takeover, account.patient) in {each.pair for each in people}


def summary(accounts: Iterable[Account]) -> list[Json]:
    """Counted by purpose, with the first and the last day."""
    found: dict[str, Json] = {}
    for each in accounts:
        known = found.setdefault(each.purpose, {"purpose": each.purpose, "count": 0, "first_day": each.day})
        known |= {"count": known["count"] + 1, "last_day": each.day}
    return [found[purpose] for purpose in sorted(found)]
