"""C-FIND (PS3.4 C.4.1) in the patient root and the study root model: a search of what the peer may learn of.

Answers go out in groups, and C-CANCEL is looked for before each; the next page is asked for when the last one has gone.
Each page, of a thousand matches, is a search with an account of its own, durable before its first answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dicom_gateway.protocol.association import Gathered, Sink
from dicom_gateway.protocol.commands import DATA_SET, DATA_SET_TYPE, OFFENDING_ELEMENT, response_to
from dicom_gateway.services.call import Call
from dicom_gateway.services.finding_answers import Answers, answers_to
from dicom_gateway.services.finding_question import NotUnderstood, Question, question_of
from dicom_gateway.settings import title_of
from dicom_gateway.statuses import (
    CANCELLED,
    CLASS_NOT_SUPPORTED,
    PENDING,
    PENDING_UNSUPPORTED,
    SUCCESS,
    Status,
)
from repository.catalogue.errors import TakeoverUnknown
from repository.catalogue.query import Hit, Query
from repository.searching import paged

_AT_ONCE = 100  # answers in one go, between two looks for C-CANCEL


class Finding:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  as the protocol has it
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        content = data_set.content if isinstance(data_set, Gathered) else b""
        terms, model = call.association.terms, call.context.abstract
        relational = terms.extended.get(model, b"")[:1] == b"\1"
        try:
            question = question_of(content, model=model, syntax=call.context.syntax, relational=relational)
        except NotUnderstood as no:
            call.answer(no.status, {OFFENDING_ELEMENT: no.element} if no.element else None)
            return
        if question is None:
            call.answer(Status(CLASS_NOT_SUPPORTED))
            return
        _answer(call, question)


def _answer(call: Call, question: Question) -> None:
    answers = answers_to(question, title=_title(call))
    status = PENDING_UNSUPPORTED if answers.unsupported or question.keys.unmatched else PENDING
    said = response_to(call.command, status, {DATA_SET_TYPE: DATA_SET})
    for hits in _groups(call, _asked(call, question, answers)):
        if call.association.cancelled(call.command.message_id):
            call.answer(Status(CANCELLED))
            return
        call.association.send_each(call.context, said, map(answers.written, hits))
    call.answer(Status(SUCCESS))


def _groups(call: Call, query: Query) -> Iterator[Sequence[Hit]]:
    for page in paged(call.house.archive, call.caller.errand, query):
        for at in range(0, len(page.hits), _AT_ONCE):
            yield page.hits[at : at + _AT_ONCE]


def _asked(call: Call, question: Question, answers: Answers) -> Query:
    """What is asked for, of the takeovers that the peer asks about."""
    return replace(question.keys.query, takeovers=_takeovers(call), **answers.wants)


def _takeovers(call: Call) -> tuple[int, ...] | None:
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


def _title(call: Call) -> str:
    """Where all that is found can be retrieved: what was called."""
    called = call.caller.takeover
    return call.house.settings.ae_title if called is None else title_of(called)
