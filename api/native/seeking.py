"""Who and when, as several routes are asked about accounts: personal numbers stand in bodies alone."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.native.wording import Day, NumberGiven, Person, Strict, TakeoverName
from repository.access.account import Account, as_body
from repository.consents.errors import OptionUnreadable
from repository.reports.asking import Period

Record = Annotated[
    str,
    Field(pattern="^([0-9a-f-]{1,36}/[1-9][0-9]{0,17})?$", description="TAKEOVER/NUMBER of the patient, or empty."),
]


class About(Strict):
    """A patient by an official identifier or by `record`, or a takeover; days are of Poland, both included."""

    patient: Person | None = None
    record: Record = ""
    takeover: TakeoverName = ""
    first_day: Day = ""
    last_day: Day = ""

    @property
    def wanted(self) -> str:
        """The patient as reports read it; empty where none is meant. Raises `OptionUnreadable` for two."""
        if self.patient is None:
            return self.record
        if self.record:
            raise OptionUnreadable(option="patient, record")
        return f"{self.patient.root}^{self.patient.extension}"

    @property
    def period(self) -> Period:
        """Raises `PeriodWrong`."""
        return Period(self.first_day, self.last_day)


class AccountGiven(BaseModel):
    """One attempt to read, search or see accounts: who, when, what for, of what, and what came of it."""

    number: int
    at: str
    day: str
    hour: str
    door: str
    kind: str
    id: str
    given_name: str
    surname: str
    role: str
    npwz: str
    identifier: NumberGiven | None
    organisation: str
    organisation_id: NumberGiven | None
    organisation_role: str
    method: str
    assurance: str
    proof: str
    identified_at: str
    identified_until: str
    purpose: str
    basis: str
    reason: str
    evidence: str
    operation: str
    takeover: str
    patient: int
    patient_name: str
    ordinal: int
    study: str
    document: NumberGiven | None
    count: int
    query: str
    patients: list[tuple[str, int]]
    outcome: str
    reasons: list[str]
    rule: str
    duties: list[str]
    rules: str
    manner: str


class AccountPage(BaseModel):
    """`next`: send it as `after` for those that follow; 0 where there are none."""

    accounts: list[AccountGiven]
    next: int


def as_row(account: Account) -> dict[str, Any]:
    return {"number": account.number, **as_body(account)}
