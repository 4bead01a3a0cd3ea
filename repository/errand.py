"""What is wanted and what is got: an errand, the holdings that it is about, and those that it may open."""

from dataclasses import dataclass

from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Subject
from repository.domain.holding import Holding
from repository.domain.takeover import Takeover
from repository.runtime import Archive
from storage.warrants import Warrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Who wants to read, what for, on which ground, through which door; `manner` of disclosure: UPP art. 27."""

    principal: Principal
    purpose: Purpose | None
    door: str
    basis: str = ""
    reason: str = ""
    evidence: str = ""
    manner: str = ""

    def request(self, archive: Archive, operation: Operation, subject: Subject) -> AccessRequest:
        return AccessRequest(
            principal=self.principal,
            purpose=self.purpose,
            operation=operation,
            subject=subject,
            at=archive.clock(),
            door=self.door,
            basis=self.basis,
            reason=self.reason,
            evidence=self.evidence,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A holding and whose it is.

    It may stand for `images` that are alike in all that rules look at, when what is made of all of them is asked for:
    that lies in objects whose names begin with one of `places`, and the warrant extends to those instead.
    """

    takeover: Takeover
    holding: Holding
    images: int = 1
    places: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What `resolve` takes to give this one."""
        return f"{self.takeover.id}/{self.holding.ordinal}"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A holding that may be opened, under this warrant."""

    found: Found
    warrant: Warrant
