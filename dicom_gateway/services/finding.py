"""C-FIND (PS3.4 C.4.1) in the patient root and the study root model: a search of what the peer may learn of.

Answers go out in groups, and C-CANCEL is looked for before each; the next page is asked for when the last one has gone.
Each page, of a thousand matches, is a search with an account of its own, durable before its first answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from dicom_gateway.contexts import ways_agreed
from dicom_gateway.protocol.commands import DATA_SET, DATA_SET_TYPE, OFFENDING_ELEMENT, response_to
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.services.finding_answers import Answers, answers_to
from dicom_gateway.services.finding_question import NotUnderstood, Question, question_of
from dicom_gateway.statuses import (
    CANCELLED,
    CLASS_NOT_SUPPORTED,
    PENDING,
    PENDING_UNSUPPORTED,
    SUCCESS,
    Status,
)
from repository.catalogue.errors import TakeoverUnknown
from repository.catalogue.query import MOST, Page
from repository.peers.titles import title_of
from repository.searching import paged

_AT_ONCE = 100  # answers in one go, between two looks for C-CANCEL


class Finding:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  as the protocol has it
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        content = data_set.content if isinstance(data_set, Gathered) else b""
        try:
            question = asked_by(call, content, model=call.context.abstract)
        except NotUnderstood as no:
            not_understood(call, no)
            return
        if question is None:
            call.answer(Status(CLASS_NOT_SUPPORTED))
            return
        _answer(call, question)


def asked_by(call: Call, content: bytes, *, model: str, aside: frozenset[str] = frozenset()) -> Question | None:
    """As `question_of`, in the ways that are agreed on for the class of the call."""
    ways = ways_agreed(call.association.terms.extended.get(call.context.abstract, b""))
    return question_of(content, model=model, syntax=call.context.syntax, ways=ways, aside=aside)


def not_understood(call: Call, no: NotUnderstood) -> None:
    call.answer(no.status, {OFFENDING_ELEMENT: no.element} if no.element else None)


def _answer(call: Call, question: Question) -> None:
    answers = answers_to(question, title=title_at(call))
    query = replace(question.keys.query, takeovers=takeovers_of(call), limit=MOST, **answers.wants)
    pages = paged(call.house.archive, call.caller.errand, query)
    all_told(call, pages, answers, unsupported=bool(question.keys.unmatched), last=lambda: Status(SUCCESS))


def all_told(
    call: Call, pages: Iterable[Page], answers: Answers, *, unsupported: bool, last: Callable[[], Status]
) -> None:
    """Each hit is an answer; `unsupported`: a key was not matched by. Then comes what `last` says once all pages are
    known, or that the question was cancelled. What is known to be the last word goes with the last answers: for one
    answer, another call of the system is 30 µs of 1.4 ms."""
    status = PENDING_UNSUPPORTED if answers.unsupported or unsupported else PENDING
    said = response_to(call.command, status, {DATA_SET_TYPE: DATA_SET})
    for page in pages:
        for at in range(0, len(page.hits), _AT_ONCE):
            if call.association.cancelled(call.command.message_id):
                call.answer(Status(CANCELLED))
                return
            found = page.hits[at : at + _AT_ONCE]
            ends = not page.next and at + len(found) == len(page.hits)
            then = call.response(last()) if ends else None
            call.association.send_each(call.context, said, map(answers.written, found), then=then)
            if ends:
                return
    call.answer(last())


def takeovers_of(call: Call) -> tuple[int, ...] | None:
    """The numbers of the takeovers that the peer asks about; None: all that it may see."""
    within, called = call.caller.within, call.caller.takeover
    if within is None or (called is not None and called.id in within):
        return None if called is None else (called.number,)
    numbers = []
    for each in sorted(within):
        try:
            numbers.append(call.house.archive.catalogue.takeover(each).number)
        except TakeoverUnknown:
            continue  # there is nothing of it to be found
    return tuple(numbers)


def title_at(call: Call) -> str:
    """Where all that is found can be retrieved: what was called."""
    called = call.caller.takeover
    return call.house.settings.ae_title if called is None else title_of(called)
