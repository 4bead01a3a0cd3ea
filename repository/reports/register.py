"""The disclosure register (*wykaz udostępnień*): exactly what UPP art. 27(4) lists, in its order, signed.

A disclosure is a permitted reading or export of which bytes left the archive: its account says in which manner. What
was permitted and left nothing outside is no disclosure, and neither is a search, a look at accounts, or upkeep. How
many readings left nothing outside is said beside the rows, so that none is lost in silence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from repository.access.account import PERMITTED, Account
from repository.access.account_query import AccountQuery
from repository.access.principal import PrincipalKind
from repository.access.subject import Operation
from repository.opening import Errand
from repository.reports.asking import Period, ask_generally, ask_of_patient, ask_of_takeover, completed
from repository.reports.naming import Whose
from repository.reports.paper import Json, Kind, Paper, both, draw_up, spoken, up_to, who
from repository.reports.view import searched
from repository.reports.words import MANNERS, NOBODY_KNOWN, scope, told
from repository.runtime import Archive
from storage.errors import Text

KIND = Kind(
    purpose="register",
    title=Text(en="Register of disclosures of medical documentation", pl="Wykaz udostępnień dokumentacji medycznej"),
    law=Text(
        en="Act on Patients' Rights and the Patient Ombudsman, art. 27(4)",
        pl="art. 27 ust. 4 ustawy o prawach pacjenta i Rzeczniku Praw Pacjenta",
    ),
    columns=(
        ("patient", Text(en="Patient's first name and surname", pl="Imię (imiona) i nazwisko pacjenta")),
        ("manner", Text(en="Manner of disclosure", pl="Sposób udostępnienia dokumentacji medycznej")),
        ("scope", Text(en="Scope of the documentation disclosed", pl="Zakres udostępnionej dokumentacji medycznej")),
        (
            "recipient",
            Text(
                en="First name and surname of the recipient other than the patient; authority or entity",
                pl="Imię (imiona) i nazwisko osoby innej niż pacjent, której udostępniono dokumentację; nazwa organu"
                " lub podmiotu",
            ),
        ),
        (
            "disclosed_by",
            Text(
                en="First name, surname and signature of the person who disclosed",
                pl="Imię (imiona), nazwisko i podpis osoby, która udostępniła dokumentację",
            ),
        ),
        ("date", Text(en="Date of disclosure", pl="Data udostępnienia dokumentacji medycznej")),
    ),
)
AUTOMATIC = Text(
    en="served automatically by the archive; sealed with its key",
    pl="udostępnienie automatyczne przez archiwum; pieczęć kluczem",
)
IN_PERSON = Text(en="sealed by the archive with the key", pl="pieczęć archiwum kluczem")
ROLE_OF_ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signed what a demand got, and who got it: `signature` is what the signature can be looked up by."""

    given_name: str
    surname: str
    npwz: str
    signature: str
    recipient: str = ""
    recipient_organisation: str = ""


Signer = Callable[[Account], Signed | None]
"""The signed answer to a demand that an account is of; None for what no demand asked for."""


def is_disclosure(account: Account) -> bool:
    """Whether bytes left the archive."""
    return account.manner != "" and is_reading(account)


def is_reading(account: Account) -> bool:
    return (
        account.outcome == PERMITTED
        and account.operation in {Operation.READ, Operation.EXPORT}
        and account.kind != PrincipalKind.ARCHIVE
    )


def register(
    archive: Archive, errand: Errand, *, patient: str = "", takeover: str = "", period: Period | None = None,
    signer: Signer = lambda _account: None,
) -> Paper:  # fmt: skip
    """The register of a patient, a takeover, or all; of a period, or since ever. Asking has its own account.

    Raises `AccessRefused`; disclosures about a protected patient are shown without the patient (`view`).
    """
    when = period or Period()
    people: tuple[Whose, ...] = ask_of_patient(archive, errand, patient) if patient else ()
    house = ask_of_takeover(archive, errand, takeover) if takeover else ""
    if not (patient or takeover):
        ask_generally(archive, errand)
    pairs = frozenset(each.pair for each in people)
    query = AccountQuery(
        at_from=when.at_from,
        at_to=when.at_to,
        outcomes=(PERMITTED,),
        operations=(Operation.READ, Operation.EXPORT),
        patients=tuple(sorted(pairs)) if patient else None,
        takeovers=(house,) if takeover else None,
    )
    complete = completed(archive)
    seen = up_to(searched(archive.catalogue.accounts, errand.principal, query=query, let_in=pairs), complete.number)
    found, seal = [each for each in seen if is_disclosure(each)], archive.log_key
    rows = [row_of(each, signed=signer(each), seal=seal) for each in found]
    cells = [
        tuple(each if name != "manner" else both(told(MANNERS, each)) for name, each in row.items()) for row in rows
    ]
    about = {"patient": patient, "takeover": house, "records": [f"{name}/{number}" for name, number in sorted(pairs)]}
    undisclosed = sum(not each.manner and is_reading(each) for each in seen)
    more: Json = {"readings_that_left_nothing_outside": undisclosed}
    return draw_up(archive, KIND, about=about, period=when, complete=complete, rows=rows, cells=cells, more=more)


def row_of(account: Account, *, signed: Signed | None, seal: str) -> dict[str, str]:
    """Exactly the columns of the law, as texts; `manner` is a code of `MANNERS`."""
    return {
        "patient": spoken(account.patient_name) or both(NOBODY_KNOWN),
        "manner": account.manner,
        "scope": both(scope(account)),
        "recipient": _recipient(account, signed),
        "disclosed_by": _disclosed_by(account, signed, seal=seal),
        "date": account.day,
    }


def acts_for_archive(account: Account) -> bool:
    """Whether whoever read did so as a worker of the archive, and handed it to somebody else."""
    return account.organisation_role == ROLE_OF_ARCHIVE and who(account) != ""


def _recipient(account: Account, signed: Signed | None) -> str:
    """Nobody where it was the patient; for what the archive's worker gave out, what the account refers to."""
    if signed is not None:
        return _joined(signed.recipient, signed.recipient_organisation)
    if account.kind == PrincipalKind.PATIENT:
        return ""
    if acts_for_archive(account):
        return account.evidence
    return _joined(who(account), account.organisation or ("" if who(account) else account.id))


def _disclosed_by(account: Account, signed: Signed | None, *, seal: str) -> str:
    if signed is not None:
        licence = f"NPWZ {signed.npwz}" if signed.npwz else ""
        return _joined(_joined(f"{signed.given_name} {signed.surname}".strip(), licence), signed.signature)
    if acts_for_archive(account):
        return _joined(who(account), f"{both(IN_PERSON)} {seal}")
    return f"{both(AUTOMATIC)} {seal}"


def _joined(one: str, other: str) -> str:
    return "; ".join(part for part in (one, other) if part)
