"""Demands as JSON at this door. A message may be incomplete: then it is answered by the list of its errors."""

from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, BaseModel, Field

from api.native.permits import ScopeGiven
from api.native.wording import NOTHING_ODD, Line, NumberGiven, Strict
from repository.access.purpose import Purpose
from repository.demands.submitting import Answer, ErrorList, fault_body
from repository.domain.demand import DemandState, Place

_MOST = 100
_LONGEST_SIGNATURE = 1 << 20
Word = Annotated[str, Field(max_length=200, pattern=NOTHING_ODD)]
HoldingName = Annotated[str, Field(pattern="^[0-9a-f-]{1,36}/[1-9][0-9]{0,14}$", description="TAKEOVER/ORDINAL")]


class NumberSaid(Strict):
    root: Word = ""
    extension: Word


class ScopeSaid(Strict):
    documents: Annotated[tuple[NumberSaid, ...], Field(max_length=_MOST)] = ()
    classes: Annotated[tuple[Word, ...], Field(max_length=_MOST)] = ()
    events: Annotated[tuple[NumberSaid, ...], Field(max_length=_MOST)] = ()
    studies: Annotated[tuple[Word, ...], Field(max_length=_MOST)] = ()
    specialties: Annotated[tuple[Word, ...], Field(max_length=_MOST)] = ()
    first_day: Word = ""
    last_day: Word = ""


class Message(Strict):
    """You are its requester. The same message under the same `message_id` is the same demand."""

    format: Literal[1] = 1
    message_id: Annotated[str, Field(min_length=1, max_length=256, pattern=NOTHING_ODD)]
    patient: NumberSaid | None = None
    scope: ScopeSaid = ScopeSaid()
    purpose: Purpose | None = None
    basis: Line = ""
    reason: Line = ""
    evidence: Line = ""
    takeover: Word = ""
    provider: NumberSaid | None = None


class Content(Strict):
    holdings: Annotated[list[HoldingName], Field(max_length=10_000)]


class Signature(Strict):
    """Over the bytes of `to-be-signed`: bare with its `certificate` (PEM or DER), or a detached CMS."""

    kind: Literal["qualified", "trusted", "personal"] = "qualified"
    value: Annotated[Base64Bytes, Field(max_length=_LONGEST_SIGNATURE)]
    certificate: Annotated[Base64Bytes, Field(max_length=_LONGEST_SIGNATURE)] = b""


class Sending(Strict):
    """`channel`: how it goes, a name for the record."""

    channel: Word = ""


class Received(Strict):
    """Of the content as the requester has it."""

    content_sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]


class Confirming(Strict):
    place: Place


class Sentence(BaseModel):
    en: str
    pl: str


class FaultGiven(BaseModel):
    """One error or omission: `path` in the message, `rule` and the version of the rules that it is from."""

    code: str
    severity: str
    path: str
    message: Sentence
    rule: str
    rules: str


class DemandGiven(BaseModel):
    id: str
    state: DemandState
    since: str
    submitted_at: str
    takeover: str
    message_id: str


class AnswerGiven(DemandGiven):
    """Accepted, with the SHA-256 of what was received, or rejected for all of `errors`."""

    order_sha256: str
    errors: list[FaultGiven]


class DemandPage(BaseModel):
    """`next`: send it as `after` for those that follow; empty where there are none."""

    demands: list[DemandGiven]
    next: str


class MoveGiven(BaseModel):
    state: DemandState
    at: str
    deed: int
    by: str


class ConfirmationGiven(BaseModel):
    place: Place
    at: str
    by: str


class DemandWhole(DemandGiven):
    """`patient` is told to medical workers alone."""

    purpose: str
    basis: str
    scope: ScopeGiven
    moves: list[MoveGiven]
    confirmations: list[ConfirmationGiven]
    patient: NumberGiven | None = None


class VerdictGiven(DemandGiven):
    """`reasons`: why it was refused; none where it is verified. `rules`: the version of the rules."""

    reasons: list[str]
    rules: str


class PreparedGiven(DemandGiven):
    """`to_be_signed`: the exact bytes, which are UTF-8."""

    content_sha256: str
    to_be_signed: str


class OutgoingGiven(BaseModel):
    """The frozen manifest and the sealed signature over it."""

    demand: str
    content_sha256: str
    content: str
    seal: str


def answer_body(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, ErrorList):
        return {"order_sha256": "", "errors": [fault_body(each) for each in answer.faults]}
    return {"order_sha256": answer.order_sha256, "errors": []}
