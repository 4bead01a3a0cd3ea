"""What is demanded, and where the demand stands: nouns without input or output."""

from dataclasses import dataclass, field
from datetime import datetime

from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.domain.demand import DemandState
from repository.domain.describing import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandOrder:
    """The message of a requester (zamawiający). It may be incomplete: then it is rejected with a list of errors.

    `message_id` is the requester's own. What is wanted lies in `takeover` (an id), or with `provider` (number of the
    RPWDL register, REGON or NIP). `basis`: code of a legal basis (UPP art. 26); `evidence`: letter or order behind it.
    """

    message_id: str
    requester: Principal = field(repr=False)
    patient: Identifier | None = field(default=None, repr=False)
    scope: Scope = field(default_factory=Scope)
    purpose: Purpose | None = None
    basis: str = ""
    reason: str = ""
    evidence: str = ""
    takeover: str = ""
    provider: Identifier | None = None

    @property
    def requester_key(self) -> str:
        """Whose message ids these are: the organisation's, or the person's own; empty where neither is said."""
        organisation, person = self.requester.organisation, self.requester.id
        if organisation is not None and organisation.identifier.extension:
            return f"organisation:{organisation.identifier.root}^{organisation.identifier.extension}"
        return f"{self.requester.kind.value}:{person}" if person else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A demand as it stands. `id` is a UUIDv7; times are UTC. `takeover`: the id of the takeover that it was found to
    be about, empty until it is accepted. `position`: how many moves led here."""

    id: str
    order: DemandOrder = field(repr=False)
    state: DemandState
    position: int
    submitted_at: datetime
    since: datetime
    takeover: str
