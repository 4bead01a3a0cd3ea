"""A wish to read: who, what for, on which ground, what, when, through which door."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.subject import Operation, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """`purpose` None is a request that says none, and it is refused. `basis`: code of a legal basis, where the purpose
    needs one. `reason`: in words, where a rule asks for them (break-glass). `evidence`: the demand, letter or order
    that it answers. `at`: in UTC, or ValueError. `door`: cli, rest, dicomweb, fhir, dimse, worker."""

    principal: Principal
    purpose: Purpose | None
    operation: Operation
    subject: Subject
    at: datetime
    door: str
    basis: str = ""
    reason: str = ""
    evidence: str = ""

    def __post_init__(self) -> None:
        if self.at.utcoffset() != timedelta(0):
            raise ValueError("a request is made at a moment in UTC")
